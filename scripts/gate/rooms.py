"""Rooms in which nobody speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from edge_daemon.audio.decode import read_clip
from edge_daemon.evaluate.files import AudioFiles
from edge_daemon.evaluate.passages import to_int16
from edge_daemon.evaluate.recordings import is_recording
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Samples

RATE_HZ = 16000
FULL_SCALE = 32768.0
SWING_DB, SWING_S = 3.0, 47.0
"""The level goes up and down by so much, so slowly."""
KNOWN_S = 10.0
"""Time until the gate knows a room, and has closed."""
_CROSSFADE = 1600

_FloatArray = npt.NDArray[np.float32]


def pink(n: int, dbfs: float, rng: np.random.Generator) -> _FloatArray:
    """Return ``n`` samples of noise with as much power in every octave, at a level."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    wave = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), n)
    scaled: _FloatArray = (wave / wave.std() * FULL_SCALE * 10 ** (dbfs / 20)).astype(np.float32)
    return scaled


def recordings_of(archive: Path, names: Sequence[str]) -> dict[str, Samples]:
    """Return the recordings of a folder or tar whose names hold one of ``names``, sorted."""
    files = AudioFiles(archive, lambda x: is_recording(x) and any(name in x for name in names))
    return dict(sorted((file.name, read_clip(file.file, RATE_HZ)) for file in files))


def room(recording: Samples, seconds: float, dbfs: float) -> Samples:
    """Return the recording over and over, at a level that swings slowly about ``dbfs``."""
    n = round(seconds * RATE_HZ)
    ramp = np.sqrt(np.linspace(0.0, 1.0, _CROSSFADE, dtype=np.float32))
    loop = recording.astype(np.float32)
    loop[:_CROSSFADE] = loop[:_CROSSFADE] * ramp + loop[-_CROSSFADE:] * ramp[::-1]
    loop = np.resize(loop[:-_CROSSFADE], n)
    swing_db = SWING_DB * np.sin(2 * np.pi * np.arange(n) / (RATE_HZ * SWING_S))
    level = FULL_SCALE * 10 ** ((dbfs + swing_db) / 20)
    return to_int16((loop / max(loop.std(), 1e-9) * level).astype(np.float32))


def write_rooms(recordings: Sequence[Samples], seconds: float, dbfs: float, path: Path) -> None:
    """Write a file of so many seconds in which each recording is heard for as long."""
    with soundfile.SoundFile(path, "w", RATE_HZ, 1, "PCM_16") as file:
        for recording in recordings:
            file.write(room(recording, seconds / len(recordings), dbfs))


def shares_skipped(recordings: dict[str, Samples], dbfs: float) -> Iterator[tuple[str, float]]:
    """Yield (name, share of hops skipped) of two minutes of each, once the room is known."""
    pipeline = Pipeline.load()
    for name, recording in recordings.items():
        audio = room(recording, KNOWN_S + 120.0, dbfs)
        pipeline.reset()
        pipeline.process(audio[: round(KNOWN_S * RATE_HZ)])
        yield name, share_skipped(pipeline, audio[round(KNOWN_S * RATE_HZ) :])


def share_skipped(pipeline: Pipeline, audio: Samples) -> float:
    """Return the share of the hops of this audio that the gate skips, 0 to 1."""
    before = pipeline.activity
    pipeline.process(audio)
    after = pipeline.activity
    if before is None or after is None:
        return 0.0
    return (after.skipped - before.skipped) / (after.hops - before.hops)
