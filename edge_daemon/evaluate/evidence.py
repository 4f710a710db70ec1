"""Streams that were heard, made ready for sweeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge_daemon.config import WordConfig
from edge_daemon.evaluate.candidates import Candidates, candidates
from edge_daemon.evaluate.listening import Listened, Listener
from edge_daemon.evaluate.sweep import Negatives, Positives, Sweep


@dataclass(frozen=True, slots=True)
class Evidence:
    """A stream that was heard, with the candidates of each word in it."""

    listened: Listened
    candidates: dict[str, Candidates]

    @classmethod
    def of(
        cls, listener: Listener, listened: Listened, isolate_ms: Mapping[str, int]
    ) -> Evidence:  # fmt: skip
        """Find the candidates; ``isolate_ms`` is the pause that each word needs around it."""
        config = listener.config.decision
        found = candidates(listened, listener.spec, config, listener.hop_ms, isolate_ms)
        return cls(listened, found)

    def positives(self, word: str, late_s: float) -> Positives:
        """Return when the word is said, and its candidates."""
        said = [x for x in self.listened.said if x.label == word]
        return Positives(
            self.candidates[word],
            np.array([x.start_s for x in said]),
            np.array([x.end_s + late_s for x in said]),
            len(self.listened.said) - len(said),
            frozenset(x.label for x in self.listened.said) - {word},
        )


class Sweeps:
    """The sweeps of words over streams that were heard in one mode.

    Parameters
    ----------
    listener : Listener
    positives, negatives : sequence of Evidence
    late_s : float
        Time after the end of a word's clip up to which a detection is a hit.
    """

    def __init__(
        self,
        listener: Listener,
        positives: Sequence[Evidence],
        negatives: Sequence[Evidence],
        late_s: float,
    ) -> None:
        self._config = listener.config.decision
        self._positives = positives
        self._negatives = negatives
        self._late_s = late_s

    def of(self, word: str, rearm_cap: float = 1.0) -> Sweep:
        """Return the sweep of a word; ``rearm_cap`` is the threshold of its other mode."""
        config = self._config
        own_ms = config.words.get(word, WordConfig()).refractory_ms
        return Sweep(
            [p.positives(word, self._late_s) for p in self._positives],
            [Negatives(n.candidates[word], n.listened.hours) for n in self._negatives],
            rearm_ratio=config.rearm_ratio,
            refractory_ms=config.refractory_ms if own_ms is None else own_ms,
            rearm_cap=rearm_cap,
        )
