"""Make config/demo.flac, the clip of the demo, and config/demo.words.tsv, what is said in it.

The voices are synthetic: Debian's packages flite and espeak-ng (nothing of them is shipped). The
same versions of them give the same bytes.

    python scripts/make_demo_clip.py                       makes the clip from TABLE
    python scripts/make_demo_clip.py --candidates DIR      DIR/word/voice.wav, to choose voices by
    edge-daemon evaluate --data DIR                        what the model hears of them

TABLE holds voices that the shipped model hears: the clip shows what a run looks like. How well the
model hears people is measured on recordings of people.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

Wave: TypeAlias = npt.NDArray[np.float32]

RATE_HZ = 16000
LEAD_S = 1.5
PAUSE_S = 1.2
TAIL_S = 1.5
PEAK_DBFS = -6.0
NOISE_DBFS = -62.0
SPEECH_ABOVE_DB = -46.0
NOISE_SEED = 2024
CANDIDATE_S = 1.0

TABLE = (
    ("computer", "flite-kal16", PAUSE_S),
    ("stop", "flite-awb-slow", 0.4),
    ("jarvis", "flite-kal16", PAUSE_S),
    ("left", "flite-slt", 0.3),
    ("computer", "flite-kal16", PAUSE_S),
    ("yes", "flite-rms", 0.5),
    ("right", "flite-awb-slow", PAUSE_S),
    ("jarvis", "espeak-us-f3", PAUSE_S),
    ("up", "espeak-us-f3", 0.5),
    ("computer", "flite-awb", PAUSE_S),
    ("down", "flite-kal16", 0.5),
    ("no", "flite-slt", PAUSE_S),
    ("jarvis", "flite-kal16", PAUSE_S),
    ("on", "espeak-us-f2", 0.4),
    ("computer", "flite-kal16", PAUSE_S),
    ("off", "espeak-us-f4", 0.6),
    ("computer", "espeak-us-f3", PAUSE_S),
    ("go", "flite-awb", 0.5),
)
"""What is said: the word, the voice, and the pause before it; the first comes after LEAD_S.

"right" and "no" follow no wake word: with the model's own wake words they do nothing.
"""

WORDS = (
    "computer",
    "jarvis",
    "yes",
    "no",
    "up",
    "down",
    "left",
    "right",
    "on",
    "off",
    "stop",
    "go",
)


def _flite(voice: str, stretch: float = 1.0) -> tuple[str, ...]:
    setting = f"duration_stretch={stretch}"
    return ("flite", "-voice", voice, "--setf", setting, "-t", "{word}", "-o", "{out}")


def _espeak(voice: str, words_per_minute: int = 140) -> tuple[str, ...]:
    return ("espeak-ng", "-v", voice, "-s", str(words_per_minute), "-w", "{out}", "{word}")


VOICES = {
    "flite-slt": _flite("slt"),
    "flite-slt-slow": _flite("slt", 1.2),
    "flite-rms": _flite("rms"),
    "flite-rms-slow": _flite("rms", 1.2),
    "flite-awb": _flite("awb"),
    "flite-awb-slow": _flite("awb", 1.2),
    "flite-kal16": _flite("kal16"),
    "espeak-us": _espeak("en-us"),
    "espeak-us-slow": _espeak("en-us", 115),
    "espeak-us-f2": _espeak("en-us+f2"),
    "espeak-us-f3": _espeak("en-us+f3"),
    "espeak-us-f4": _espeak("en-us+f4"),
    "espeak-us-m3": _espeak("en-us+m3"),
    "espeak-us-m7": _espeak("en-us+m7"),
    "espeak-gb": _espeak("en-gb"),
    "espeak-gb-f2": _espeak("en-gb+f2"),
    "espeak-gb-f3": _espeak("en-gb+f3", 115),
    "espeak-scotland": _espeak("en-gb-scotland"),
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word of the clip and where it starts."""

    start: int
    word: str
    voice: str
    samples: Wave

    @property
    def end(self) -> int:
        """The first sample after it."""
        return self.start + len(self.samples)


def main(argv: Sequence[str] | None = None) -> None:
    """Make the clip, or the candidates for it."""
    arguments = _parser().parse_args(argv)
    if arguments.candidates is not None:
        write_candidates(arguments.candidates)
    else:
        write_clip(arguments.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        default=Path(__file__).resolve().parents[1] / "config",
        help="folder for demo.flac and demo.words.tsv (default: config)",
    )
    parser.add_argument(
        "--candidates",
        type=Path,
        metavar="DIR",
        help="write every word in every voice there instead, as word/voice.wav",
    )
    return parser


def write_clip(folder: Path) -> None:
    """Write demo.flac and demo.words.tsv."""
    spoken = list(_lay_out(TABLE))
    clip = room_noise(spoken[-1].end + _n_samples(TAIL_S))
    for one in spoken:
        clip[one.start : one.end] += one.samples
    path = folder / "demo.flac"
    _write(path, clip)
    lines = [f"{one.start / RATE_HZ:.3f}\t{one.word}\t{one.voice}" for one in spoken]
    (folder / "demo.words.tsv").write_text("\n".join(["time_s\tword\tvoice", *lines]) + "\n")
    print(f"{path}: {len(clip) / RATE_HZ:.1f} s, {path.stat().st_size} bytes, {len(spoken)} words")


def _lay_out(table: Sequence[tuple[str, str, float]]) -> Iterator[Spoken]:
    end = _n_samples(LEAD_S - PAUSE_S)
    for word, voice, pause_s in table:
        one = Spoken(end + _n_samples(pause_s), word, voice, speak(word, voice))
        yield one
        end = one.end


def write_candidates(folder: Path) -> None:
    """Write every word in every voice, each in the middle of a second of the room's noise."""
    for word in WORDS:
        (folder / word).mkdir(parents=True, exist_ok=True)
        for voice in VOICES:
            samples = speak(word, voice)
            clip = room_noise(max(_n_samples(CANDIDATE_S), len(samples)))
            start = (len(clip) - len(samples)) // 2
            clip[start : start + len(samples)] += samples
            _write(folder / word / f"{voice}.wav", clip)


def read_aloud(text: str, voice: str) -> Wave:
    """Return a text as a voice says it, resampled to 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "said.wav"
        command = [part.format(word=text, out=out) for part in VOICES[voice]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        said, rate_hz = soundfile.read(out, dtype="float32")
    resampled: Wave = soxr.resample(said, rate_hz, RATE_HZ)
    return resampled


def speak(word: str, voice: str) -> Wave:
    """Return the word without the silence around it, its peak at -6 dBFS."""
    word_alone = _trimmed(read_aloud(word, voice))
    scaled: Wave = word_alone * np.float32(_amplitude(PEAK_DBFS) / np.abs(word_alone).max())
    return scaled


def _trimmed(samples: Wave) -> Wave:
    level = np.abs(samples)
    loud = np.flatnonzero(level > level.max() * _amplitude(SPEECH_ABOVE_DB))
    return samples[loud[0] : loud[-1] + 1]


def room_noise(n_samples: int) -> Wave:
    """Return the noise of a very quiet room: pink from 20 Hz on, the same at every call."""
    white = np.random.default_rng(NOISE_SEED).standard_normal(n_samples)
    spectrum = np.fft.rfft(white)
    frequency_hz = np.fft.rfftfreq(n_samples, 1 / RATE_HZ)
    pink = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency_hz, 20)), n_samples)
    scaled: Wave = (pink * _amplitude(NOISE_DBFS) / np.std(pink)).astype(np.float32)
    return scaled


def _write(path: Path, samples: Wave) -> None:
    pcm = np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
    soundfile.write(path, pcm, RATE_HZ, subtype="PCM_16")


def _amplitude(level_db: float) -> float:
    return float(10 ** (level_db / 20))


def _n_samples(time_s: float) -> int:
    return round(time_s * RATE_HZ)


if __name__ == "__main__":
    main()
