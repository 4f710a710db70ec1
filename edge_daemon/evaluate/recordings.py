"""Recordings without labels: noise, and audio in which no word shall be heard."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from edge_daemon.errors import AudioError, EdgeDaemonError
from edge_daemon.evaluate.files import AudioFile, AudioFiles
from edge_daemon.evaluate.passages import blocks_of
from edge_daemon.types import Samples

RECORDING_SUFFIXES = frozenset(
    {".wav", ".flac", ".opus", ".ogg", ".oga", ".mp3", ".aif", ".aiff", ".caf", ".w64", ".au"}
)


def recordings(path: Path) -> AudioFiles:
    """Return every audio file below a folder, or in a tar.

    Raises
    ------
    EdgeDaemonError
        When there is none.
    """
    files = AudioFiles(path, is_recording)
    if not len(files):
        raise EdgeDaemonError(
            f"{path}: no recordings; expected audio files ({', '.join(sorted(RECORDING_SUFFIXES))})"
        )
    return files


def read_recordings(files: AudioFiles, rate_hz: int, damaged: list[str]) -> list[Samples]:
    """Read recordings into memory, about 115 MB an hour; note what is damaged."""
    found = []
    for recording in files:
        try:
            found.append(_read(recording, rate_hz))
        except AudioError as error:
            damaged.append(str(error))
    return found


def _read(recording: AudioFile, rate_hz: int) -> Samples:
    return np.concatenate(list(blocks_of(recording, rate_hz)))


def is_recording(name: str) -> bool:
    """Say whether a file holds audio, by its name."""
    return PurePosixPath(name).suffix.lower() in RECORDING_SUFFIXES
