"""Make minutes of talk, noise and quiet in turn, to measure on: ours and peers hear the same.

    python scripts/make_mixed_audio.py --speech ../shared/speech --out build/mixed.wav
    python scripts/make_mixed_audio.py --speech ../shared/speech --only quiet --out build/quiet.wav

Twenty seconds each: sentences with wake words and commands among them; dogs, rain, a clock and the
like; a very quiet room. The same recordings, in the same order, every time. Nothing of it is shipped.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import soundfile

from edge_daemon.audio.decode import read_clip
from edge_daemon.evaluate.files import AudioFiles
from edge_daemon.evaluate.recordings import is_recording
from edge_daemon.types import Samples
from make_demo_clip import RATE_HZ, room_noise

TURN_S = 20
PAUSE_S = 0.4
_SEED = 20
_N_OF_EACH = 60
"""Recordings taken of an archive; they begin anew where these are not enough."""
_TALK = "command_sentences.tar", "wake_words.tar", "speech_commands_testing.tar"


def recordings(archive: Path) -> Iterator[Samples]:
    """Yield some recordings of an archive, drawn by lot, again and again."""
    names = sorted(AudioFiles(archive, is_recording).names)
    drawn = np.random.default_rng(_SEED).permutation(len(names))[:_N_OF_EACH]
    wanted = {names[i] for i in drawn}
    files = AudioFiles(archive, wanted.__contains__)
    yield from cycle([read_clip(file.file, RATE_HZ) for file in files])


def talk(speech: Path) -> Iterator[Samples]:
    """Yield a sentence, a wake word, a command, and so on, each with a pause after it."""
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.int16)
    for said in zip(*(recordings(speech / name) for name in _TALK), strict=True):
        for clip in said:
            yield from (clip, pause)


def noise(speech: Path) -> Iterator[Samples]:
    """Yield the sounds of the noise set."""
    yield from recordings(speech / "noise_esc10.tar")


def quiet(_speech: Path) -> Iterator[Samples]:
    """Yield nothing but what every turn lies over: the quiet room."""
    while True:
        yield np.zeros(RATE_HZ, np.int16)


KINDS: dict[str, Callable[[Path], Iterator[Samples]]] = {
    "talk": talk, "noise": noise, "quiet": quiet,
}  # fmt: skip


def mixed(speech: Path, kinds: list[str], seconds: float) -> Samples:
    """Return turns of these kinds, all over the same quiet room."""
    n_samples = round(seconds * RATE_HZ)
    streams = [KINDS[kind](speech) for kind in kinds]
    n_turns = -(-n_samples // (TURN_S * RATE_HZ))
    turns = [_next_turn(stream) for stream in islice(cycle(streams), n_turns)]
    heard = np.concatenate(turns)[:n_samples] + np.round(32767 * room_noise(n_samples))
    audio: Samples = heard.clip(-32768, 32767).astype(np.int16)
    return audio


def _next_turn(stream: Iterator[Samples]) -> Samples:
    length, parts = TURN_S * RATE_HZ, [next(stream)]
    while sum(map(len, parts)) < length:
        parts.append(next(stream))
    return np.concatenate(parts)[:length]


def main() -> None:
    """Write the WAV."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--only", choices=list(KINDS), action="append", help="of these kinds")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--out", type=Path, required=True, metavar="WAV")
    args = parser.parse_args()
    audio = mixed(args.speech, args.only or list(KINDS), args.seconds)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(args.out, audio, RATE_HZ, subtype="PCM_16")
    print(f"{args.out}: {len(audio) / RATE_HZ:g} s of {', '.join(args.only or KINDS)} in turn")


if __name__ == "__main__":
    main()
