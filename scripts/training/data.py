"""Reads the speech archives into log-mel arrays, once, and keeps them in a cache.

Everything is raw log-mel [shape=(n_frames, n_mels), dtype=float16] of our own front end; the
grey pictures of Speech Commands are brought to the same scale (``pixel = 9.94 ln(P) + 146.2``).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import soundfile
from PIL import Image
from tqdm import tqdm

from edge_daemon.frontend import MfccFrontend
from edge_daemon.types import SILENCE, UNKNOWN, FrontendSpec, Samples
from training.parts import other_part, speaker_part

LogMel = npt.NDArray[np.float16]

PIXELS_PER_NEPER = 9.94
PIXEL_OF_UNIT_POWER = 146.2
_NOISE_TARS = (
    "noise_esc10.tar", "speech_commands_training.tar", "speech_commands_validation.tar"
)  # fmt: skip
_QUIET_ROOMS = {"training": 4000, "validation": 300}
_AUDIO_SUFFIXES = {".opus", ".flac", ".wav"}


@dataclass
class Split:
    """One part of the data.

    x : log-mel clips [shape=(n, n_frames, n_mels), dtype=float16]
    y : class numbers [shape=(n,), dtype=int64]
    is_recording : of audio, not of a picture [shape=(n,), dtype=bool]
    speech, noise : long recordings to cut windows from, as lists of [shape=(t, n_mels)]
    quiet : rooms so quiet that 16 bits show [shape=(n, n_frames, n_mels), dtype=float16]
    """

    x: LogMel
    y: npt.NDArray[np.int64]
    is_recording: npt.NDArray[np.bool_]
    speech: list[LogMel]
    noise: list[LogMel]
    quiet: LogMel


class LogMelReader:
    """Decodes audio and pictures into log-mel frames of one front end."""

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = replace(spec, n_mfcc=0, mean=(), std=())
        self._frontend = MfccFrontend(self.spec)

    def audio(self, data: bytes) -> LogMel:
        """Decode a 16 kHz mono file; clips shorter than a second are padded with zeros."""
        mono = self.samples(data)
        short = max(0, self.spec.sample_rate_hz - len(mono))
        return self.log_mel(np.pad(mono, (0, short)))

    def samples(self, data: bytes) -> Samples:
        """Decode a 16 kHz mono file."""
        samples, rate = soundfile.read(io.BytesIO(data), dtype="int16", always_2d=True)
        if rate != self.spec.sample_rate_hz:
            raise ValueError(f"{rate} Hz audio; the archives hold {self.spec.sample_rate_hz} Hz")
        return np.asarray(samples[:, 0], dtype=np.int16)

    def log_mel(self, samples: Samples) -> LogMel:
        """Return the frames of a recording."""
        self._frontend.reset()
        return self._frontend.push(samples).astype(np.float16)

    def picture(self, data: bytes) -> LogMel:
        """Turn a grey picture back into ln(power)."""
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=np.float32)
        log_mel = (pixels - PIXEL_OF_UNIT_POWER) / PIXELS_PER_NEPER
        return np.maximum(log_mel, np.log(self.spec.log_floor)).astype(np.float16)


def tar_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the audio files of a tar."""
    with tarfile.open(path) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            if stream is not None and PurePosixPath(member.name).suffix in _AUDIO_SUFFIXES:
                yield member.name.removeprefix("./"), stream.read()


def zip_members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the pictures of a zip."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".jpg"):
                yield name, archive.read(name)


def cached(path: Path, make: Callable[[], dict[str, LogMel]]) -> dict[str, LogMel]:
    """Load named arrays from ``path``, or make and store them."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **make())  # type: ignore[arg-type]
        partial.rename(path)
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


class SpeechArchives:
    """The archives of one folder as named log-mel arrays, cached in another."""

    def __init__(self, folder: Path, cache: Path, spec: FrontendSpec) -> None:
        self._folder = folder
        self._reader = LogMelReader(spec)
        key = hashlib.sha256(repr(self._reader.spec).encode()).hexdigest()[:12]
        self._cache = cache / key

    def tar(self, name: str) -> dict[str, LogMel]:
        """Return every recording of a tar; nothing, and a line that says so, without it."""
        return self._clips(name, tar_members, self._reader.audio)

    def pictures(self, name: str) -> dict[str, LogMel]:
        """Return every picture of a zip; nothing, and a line that says so, without it."""
        return self._clips(name, zip_members, self._reader.picture)

    def _clips(
        self, name: str, members: Callable[[Path], Iterator[tuple[str, bytes]]],
        decode: Callable[[bytes], LogMel],
    ) -> dict[str, LogMel]:  # fmt: skip
        path = self._folder / name
        if not path.exists():
            print(f"{path}: not there, goes on without")
            return {}
        return cached(
            self._cache / f"{name.replace('/', '-')}.npz",
            lambda: {n: decode(data) for n, data in tqdm(members(path), desc=name)},
        )

    def quiet_rooms(self, tars: tuple[str, ...], part: str, n: int) -> LogMel:
        """Return seconds of noise turned down until the steps of 16 bits are all that is left.

        Scaled log-mel frames do not show them: such a room is silence with single clicks. The
        root mean square goes from 0.03 to 60 steps.
        """

        def make() -> dict[str, LogMel]:
            rng = np.random.default_rng(5)
            rate = self._reader.spec.sample_rate_hz
            noises = [
                self._reader.samples(data).astype(np.float32)
                for tar in tars
                if (self._folder / tar).exists()
                for name, data in tar_members(self._folder / tar)
                if _is_noise(name) and other_part(name) == part
            ]
            clips = []
            for _ in tqdm(range(n), desc=f"quiet rooms, {part}"):
                noise = noises[rng.integers(len(noises))]
                first = rng.integers(max(1, len(noise) - rate))
                cut = noise[first : first + rate]
                level = np.exp(rng.uniform(np.log(0.03), np.log(60.0)))
                cut = cut * (level / max(1.0, float(np.sqrt(np.mean(cut**2)))))
                clips.append(self._reader.log_mel(np.rint(cut).astype(np.int16)))
            return {"quiet": np.stack(clips)}

        return cached(self._cache / f"quiet-{part}-{n}.npz", make)["quiet"]


def _is_noise(name: str) -> bool:
    return "_nohash_" not in name


def load(archives: SpeechArchives, labels: list[str], n_frames: int) -> tuple[Split, Split]:
    """Return the training and the validation split.

    Speech Commands is split by speaker as its authors do, everything else by a hash of the
    name: 10 % validation and 20 % of the sentences held out for the figures of running audio.
    """
    pictures = archives.pictures("speech_commands_logmel.zip")
    picture_part = {n: _picture_part(n) for n in pictures}
    splits = []
    for part, tar in (("training", "speech_commands_training.tar"),
                      ("validation", "speech_commands_validation.tar")):  # fmt: skip
        clips = archives.tar(tar)
        heard = {PurePosixPath(n).with_suffix("") for n in clips}
        clips |= {
            n: p for n, p in pictures.items()
            if picture_part[n] == part and PurePosixPath(n).with_suffix("") not in heard
        }  # fmt: skip
        splits.append(_split(archives, clips, labels, n_frames, part))
    return splits[0], splits[1]


def _picture_part(name: str) -> str:
    if _is_noise(name):  # nothing is tested on pictures: two parts will do
        return other_part(name).replace("testing", "training")
    return speaker_part(name)


def _split(
    archives: SpeechArchives, clips: dict[str, LogMel], labels: list[str], n_frames: int, part: str
) -> Split:
    numbers = {label: i for i, label in enumerate(labels)}
    x, y, is_recording, noise = [], [], [], []
    for name, clip in clips.items():
        word = name.split("/")[0]
        if word == "_background_noise_":
            noise.append(clip)
        elif len(clip) >= n_frames:
            x.append(clip[:n_frames])
            y.append(numbers[SILENCE] if word == "_background_" else _number(word, numbers))
            is_recording.append(not name.endswith(".jpg"))
    for name, clip in archives.tar("wake_words.tar").items():
        if other_part(name) == part and len(clip) >= n_frames:
            x.append(_loudest(clip, n_frames))
            y.append(_number(name.split("/")[0], numbers))
            is_recording.append(True)
    sentences = archives.tar("command_sentences.tar")
    synthetic = archives.tar(f"synthetic/{part}.tar")  # of scripts/make_long_speech.py
    rooms = archives.tar("noise_esc10.tar")
    return Split(
        np.stack(x),
        np.array(y, dtype=np.int64),
        np.array(is_recording, dtype=bool),
        [s for n, s in sentences.items() if other_part(n) == part and len(s) >= n_frames]
        + list(synthetic.values()),
        noise + [r for n, r in rooms.items() if other_part(n) == part],
        archives.quiet_rooms(_NOISE_TARS, part, _QUIET_ROOMS[part])[:, :n_frames],
    )


def _number(word: str, numbers: dict[str, int]) -> int:
    """Return the class of a folder: ``smart_mirror`` holds "smart mirror"."""
    return numbers.get(word.replace("_", " "), numbers[UNKNOWN])


def _loudest(clip: LogMel, n_frames: int) -> LogMel:
    """Cut the window with the most energy, the word being somewhere in a longer recording."""
    level = clip.astype(np.float32).mean(axis=1).cumsum()
    starts = len(clip) - n_frames
    best = int(np.argmax(level[n_frames - 1 :][: starts + 1] - level[: starts + 1]))
    return clip[best : best + n_frames]
