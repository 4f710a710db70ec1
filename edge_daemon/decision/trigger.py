"""Smoothed scores against thresholds: the best word fires once, and again after it fell."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge_daemon.types import Scores


@dataclass(frozen=True, slots=True)
class WordRule:
    """When one word fires."""

    threshold: float
    """Smoothed score from which it fires alone; infinite for a word that never does."""
    threshold_after: float
    """The same where a wake word was heard that it follows; not above the other."""
    rearm_below: float
    """The smoothed score has to fall below it before the word can fire again.

    It is one level, whichever threshold the word fired at, so that a word said once fires once.
    """
    refractory_ms: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A word whose smoothed score crossed its threshold."""

    label: str
    score: float


class Trigger:
    """Smooths the scores and finds the hop at which a word fires.

    Parameters
    ----------
    labels : sequence of str
        All labels of the model, in the order of its scores.
    rules : mapping of str to WordRule
        The words that can fire.
    n_smooth : int
        Scores in the running mean.
    """

    def __init__(self, labels: Sequence[str], rules: Mapping[str, WordRule], n_smooth: int) -> None:
        self._labels = tuple(labels)
        self._rules = dict(rules)
        self._recent = np.zeros((n_smooth, len(labels)), np.float32)
        self._smoothed = np.zeros(len(labels), np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget all scores; every word may fire."""
        self._recent[:] = 0
        self._smoothed = np.zeros_like(self._smoothed)
        self._disarmed: set[str] = set()
        self.fired_ms: dict[str, float] = dict.fromkeys(self._rules, -np.inf)
        """When each word fired the last time."""

    def update(
        self, scores: Scores, now_ms: float, expected: Container[str] = frozenset()
    ) -> Hit | None:
        """Take the scores of one hop; return the word that may fire at it, if one may.

        It is returned at every hop at which it may, until `fire` says that it did.

        Parameters
        ----------
        scores : Scores [shape=(n_labels,), dtype=float32]
        now_ms : float
            Position in the stream, in milliseconds of audio.
        expected : container of str
            The words that follow a wake word heard in time.
        """
        smoothed = self._smooth(scores)
        self._disarmed = {
            w for w in self._disarmed
            if smoothed[self._labels.index(w)] >= self._rules[w].rearm_below
        }  # fmt: skip
        best = int(smoothed.argmax())
        label, score = self._labels[best], float(smoothed[best])
        rule = self._rules.get(label)
        if rule is None or label in self._disarmed:
            return None
        if score < (rule.threshold_after if label in expected else rule.threshold):
            return None
        if now_ms - self.fired_ms[label] < rule.refractory_ms:
            return None
        return Hit(label, score)

    @property
    def smoothed(self) -> dict[str, float]:
        """The newest smoothed score of each word that can fire."""
        scores = dict(zip(self._labels, self._smoothed.tolist(), strict=True))
        return {word: scores[word] for word in self._rules}

    @property
    def rules(self) -> Mapping[str, WordRule]:
        """When each word fires."""
        return self._rules

    def set_rule(self, word: str, rule: WordRule) -> None:
        """Let a word fire by another rule from the next hop on."""
        self._rules[word] = rule

    def fire(self, label: str, now_ms: float) -> None:
        """Keep a word from firing again until its score fell and its refractory time is over."""
        self._disarmed.add(label)
        self.fired_ms[label] = now_ms

    def go_on_from(self, fired_ms: Mapping[str, float]) -> None:
        """Count words as fired that another trigger has fired at these times."""
        for label, at_ms in fired_ms.items():
            if label in self.fired_ms:
                self.fired_ms[label] = max(self.fired_ms[label], at_ms)

    def _smooth(self, scores: Scores) -> Scores:
        self._recent[:-1] = self._recent[1:]  # in order of time: no sum depends on what came before
        # a NaN would stay in the mean and is above no threshold
        self._recent[-1] = scores if np.isfinite(scores).all() else 0.0
        self._smoothed = self._recent.mean(axis=0)
        return self._smoothed
