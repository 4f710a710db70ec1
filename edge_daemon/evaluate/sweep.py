"""What any threshold of one word would make of streams that were heard once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_daemon.evaluate.candidates import LEAST_SCORE, Candidates, FloatArray

GRID = 1e-4
"""Thresholds are multiples of it, so that they read well and lie between scores."""
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Positives:
    """A stream in which the word, and perhaps others, are said.

    starts_s, ends_s : when each time that the word is said begins and when a detection of it is
        too late [shape=(n_said,)]
    n_others : how often other words are said
    other_words : which
    """

    candidates: Candidates
    starts_s: FloatArray
    ends_s: FloatArray
    n_others: int
    other_words: frozenset[str]


@dataclass(frozen=True, slots=True)
class Negatives:
    """A stream in which the word is not said, or if it is, shall not be heard."""

    candidates: Candidates
    hours: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What a threshold makes of the streams."""

    threshold: float
    hits: int
    said: int
    wrong: int
    """Times that the word was heard where other words were said."""
    others: int
    """How often other words were said."""
    false_accepts: int
    hours: float

    @property
    def recall(self) -> float:
        """Share of the times said at which it was heard, 0 to 1."""
        return self.hits / max(1, self.said)

    @property
    def per_hour(self) -> float:
        """False accepts an hour of the negatives."""
        return self.false_accepts / self.hours if self.hours else 0.0


class Sweep:
    """One word in one mode: alone, after a wake word, or as a wake word.

    Parameters
    ----------
    positives, negatives : sequences
        Their candidates decide the mode: with pauses around the word, or without.
    rearm_ratio, refractory_ms : float
        Of the configuration.
    rearm_cap : float
        The threshold of the word's other mode: it is armed again below the lesser one of both.
    """

    def __init__(
        self,
        positives: Sequence[Positives],
        negatives: Sequence[Negatives],
        *,
        rearm_ratio: float,
        refractory_ms: float,
        rearm_cap: float = 1.0,
    ) -> None:
        self._positives = tuple(positives)
        self._negatives = tuple(negatives)
        self._rearm_ratio = rearm_ratio
        self._rearm_cap = rearm_cap
        self._refractory_ms = refractory_ms
        self.hours = sum(n.hours for n in negatives)
        """Length of the negatives."""
        self._said = sum(len(p.starts_s) for p in positives)
        self._others = sum(p.n_others for p in positives)
        self.n_other_words = len(frozenset().union(*(p.other_words for p in positives)))
        """Number of other words that are said in the positives."""

    def at(self, threshold: float) -> Trial:
        """Return what a threshold makes of the streams."""
        hits = wrong = 0
        for positive in self._positives:
            detected_s = self._detected_s(positive.candidates, threshold)
            n = hits_of(detected_s, positive.starts_s, positive.ends_s)
            hits += n
            wrong += len(detected_s) - n
        return Trial(
            threshold, hits, self._said, wrong, self._others,
            self.false_accepts(threshold), self.hours,
        )  # fmt: skip

    def false_accepts(self, threshold: float) -> int:
        """Return how often the word is heard in the negatives."""
        return sum(len(self._detected_s(n.candidates, threshold)) for n in self._negatives)

    def least_threshold(self, n_allowed: int) -> float | None:
        """Return the least threshold with so many false accepts at most; None where none has.

        False accepts are taken to become no fewer as the threshold falls, which holds but for
        events that melt into one; those at the threshold returned are counted, in any case.
        """
        tried = _steps(n.candidates for n in self._negatives)
        if self.false_accepts(tried[-1]) > n_allowed:
            return None
        low, high = -1, len(tried) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if self.false_accepts(tried[middle]) > n_allowed:
                low = middle
            else:
                high = middle
        return float(tried[high])

    def steps(self) -> FloatArray:
        """Return the thresholds at which something changes, in rising order, up to 1."""
        streams: tuple[Positives | Negatives, ...] = (*self._positives, *self._negatives)
        return _steps(s.candidates for s in streams)

    def _detected_s(self, candidates: Candidates, threshold: float) -> FloatArray:
        rearm_below = min(threshold, self._rearm_cap) * self._rearm_ratio
        return candidates.detected_s(threshold, rearm_below, self._refractory_ms)


def _steps(candidates: Iterable[Candidates]) -> FloatArray:
    scores = np.concatenate([[LEAST_SCORE], *(c.scores for c in candidates)])
    above = (np.floor(scores / GRID + _ROUNDING) + 1) * GRID
    return np.unique(np.minimum([*above, 1.0], 1.0).round(4))


def hits_of(detected_s: FloatArray, starts_s: FloatArray, ends_s: FloatArray) -> int:
    """Return to how many of the spans, in order of time, a detection of its own falls."""
    hits = i = 0
    times = detected_s.tolist()
    for start_s, end_s in zip(starts_s.tolist(), ends_s.tolist(), strict=True):
        while i < len(times) and times[i] < start_s:
            i += 1
        if i < len(times) and times[i] <= end_s:
            hits += 1
            i += 1
    return hits
