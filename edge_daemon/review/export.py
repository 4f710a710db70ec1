"""Judged clips in the layout of Speech Commands: ``LABEL/SPEAKER_nohash_N.wav``, a second each."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_daemon.clips import ClipLabel
from edge_daemon.errors import AudioError, EdgeDaemonError
from edge_daemon.evaluate.spoken import spoken_part
from edge_daemon.review.judging import RATE_HZ, Judging
from edge_daemon.review.playing import write_wav
from edge_daemon.types import Samples

OTHERS = "_unknown_"
"""Where a clip goes in which the word was not said: `evaluate` and `tune` take it as such."""
SPEAKER = re.compile("[A-Za-z0-9]{1,40}")

_WORD_BEFORE_S = 1.0
_WORD_AFTER_S = 0.1
"""Around the decision: there the word lies. Before it another one may, such as a wake word."""
_UNSAFE = re.compile(r"[^\w'-]+")


@dataclass(slots=True)
class Exported:
    """What became of the clips."""

    n_of: Counter[str] = field(default_factory=Counter)
    """How many were written, by folder."""
    n_unjudged: int = 0
    unreadable: list[str] = field(default_factory=list)
    """A line for each clip that could not be read."""


def export(judging: Judging, output: Path, speaker: str) -> Exported:
    """Write every judged clip; a clip has the same name each time, and is never there twice.

    Parameters
    ----------
    judging : Judging
    output : Path
        A folder, made where it is missing; other files in it stay.
    speaker : str
        Begins each name. Trainers keep a speaker's clips together, on one side of a split.

    Raises
    ------
    EdgeDaemonError
        When nothing can be written there.
    """
    done = Exported()
    for label in judging.labels():
        if label.verdict is None:
            done.n_unjudged += 1
            continue
        try:
            samples = judging.samples(label)
        except AudioError as error:
            done.unreadable.append(str(error))
            continue
        folder = folder_of(label)
        _write(output, folder, f"{speaker}_nohash_{_number(label)}.wav", word_of(samples, label))
        done.n_of[folder] += 1
    return done


def folder_of(label: ClipLabel) -> str:
    """Return the folder that a judged clip belongs to."""
    if label.verdict != "accepted":
        return OTHERS
    name = _UNSAFE.sub("_", label.said or label.label)
    return OTHERS if name.startswith("_") else name


def word_of(samples: Samples, label: ClipLabel) -> Samples:
    """Return a second with the word in its middle [shape=(16000,), dtype=int16]."""
    decision = round(label.at_s * RATE_HZ)
    first = max(0, decision - round(_WORD_BEFORE_S * RATE_HZ))
    spoken = spoken_part(samples[first : decision + round(_WORD_AFTER_S * RATE_HZ)], RATE_HZ)
    middle = first + (spoken.start + spoken.end) // 2 if spoken else decision - RATE_HZ // 2
    padded = np.pad(samples, RATE_HZ)  # its sample n is now at RATE_HZ + n
    start = min(max(middle + RATE_HZ // 2, 0), len(padded) - RATE_HZ)
    return padded[start : start + RATE_HZ]


def _number(label: ClipLabel) -> str:
    """Return the time of the clip as a number; the daemon gives no two clips the same."""
    return label.file.partition("Z")[0].replace("T", "")


def _write(output: Path, folder: str, name: str, samples: Samples) -> None:
    path = output / folder / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in output.glob(f"*/{name}"):  # it was judged otherwise before
            stale.unlink()
        write_wav(path, samples)
    except OSError as error:
        raise EdgeDaemonError(f"{path}: cannot be written: {error.strerror or error}") from None
