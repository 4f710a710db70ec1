"""Detection error trade-off: misses against false accepts an hour, as the threshold moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_daemon.evaluate.evidence import Evidence, Sweeps
from edge_daemon.evaluate.listening import Listened, Listener
from edge_daemon.evaluate.modes import Modes
from edge_daemon.evaluate.sweep import Sweep, Trial
from edge_daemon.evaluate.tally import snr_name

MOST_POINTS = 120
ALL_WORDS = "all words"


@dataclass(frozen=True)
class Curve:
    """One curve.

    mode : ``alone``, ``after`` (false accepts as if a wake word had just been said, all the
        time) or ``wake``
    noise : the ratio, or ratios, of speech to noise
    points : by falling threshold
    marked : the point of a threshold that is in force or was chosen
    """

    name: str
    mode: str
    noise: str
    points: tuple[Trial, ...]
    marked: Trial | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "name": self.name,
            "mode": self.mode,
            "noise": self.noise,
            "marked": _as_json(self.marked) if self.marked else None,
            "points": [_as_json(p) for p in self.points],
        }


def _as_json(trial: Trial) -> dict[str, Any]:
    return {
        "threshold": trial.threshold,
        "miss": round(1.0 - trial.recall, 6),
        "false_accepts": trial.false_accepts,
        "per_hour": round(trial.per_hour, 6),
    }


def curve_of(
    word: str, mode: str, noise: str, sweep: Sweep, threshold: float | None = None
) -> Curve:  # fmt: skip
    """Return the curve of one word, with the point of a threshold marked."""
    return Curve(
        word,
        mode,
        noise,
        tuple(sweep.at(t) for t in _spread(sweep.steps())),
        None if threshold is None else sweep.at(threshold),
    )


def curves(
    listener: Listener,
    modes: Modes,
    positives: Mapping[float | None, Mapping[str, Listened]],
    negatives: Sequence[Listened],
) -> list[Curve]:
    """Return a curve of all words at each ratio, and one of each word at the first ratio.

    They are those of the listening model: confirmation by a larger one is left out. There are
    none without negatives.

    Parameters
    ----------
    positives : mapping
        Streams in which words are said, by ratio of speech to noise, then by mode.
    """
    if not any(n.hours for n in negatives):
        return []
    against = [Evidence.of(listener, n, modes.alone) for n in negatives]
    found: list[Curve] = []
    for i, (snr_db, heard) in enumerate(positives.items()):
        sweeps: dict[tuple[str, str], Sweep] = {}
        for mode, listened in heard.items():
            said = [Evidence.of(listener, listened, modes.alone)]
            every = Sweeps(listener, said, against, modes.late_s)
            sweeps |= {(mode, word): every.of(word) for word in _words_of(mode, listened)}
        found += _together(sweeps, snr_name(snr_db))
        if i == 0:
            found += [
                curve_of(word, mode, snr_name(snr_db), sweep, modes.thresholds[word])
                for (mode, word), sweep in sorted(sweeps.items())
            ]
    return found


def _words_of(mode: str, listened: Listened) -> set[str]:
    """Return the words of a stream that are swept in it: not the wake words before others."""
    return {x.label for x in listened.said if mode != "after" or x.after}


def _together(sweeps: Mapping[tuple[str, str], Sweep], noise: str) -> list[Curve]:
    """Return the curve of all words but wake words, with one threshold for all of them."""
    words = {key: sweep for key, sweep in sweeps.items() if key[0] != "wake"}
    if not words:
        return []
    steps = np.unique(np.concatenate([sweep.steps() for sweep in words.values()]))
    points = tuple(_sum([sweep.at(t) for sweep in words.values()]) for t in _spread(steps))
    return [Curve(ALL_WORDS, " and ".join(sorted({mode for mode, _ in words})), noise, points)]


def _spread(thresholds: np.ndarray[Any, np.dtype[np.float64]]) -> list[float]:
    """Return so many of the thresholds as a picture needs, from the highest to the lowest."""
    kept = np.linspace(0, len(thresholds) - 1, min(MOST_POINTS, len(thresholds)))
    return [float(x) for x in thresholds[kept.round().astype(int)][::-1]]


def _sum(trials: Sequence[Trial]) -> Trial:
    return Trial(
        trials[0].threshold,
        sum(t.hits for t in trials),
        sum(t.said for t in trials),
        sum(t.wrong for t in trials),
        trials[0].others + trials[0].said,
        sum(t.false_accepts for t in trials),
        trials[0].hours,
    )
