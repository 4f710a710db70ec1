"""The two thresholds of a word: said alone, and after its wake word."""

from __future__ import annotations

from typing import NamedTuple

from edge_daemon.config import DecisionConfig, WordConfig
from edge_daemon.types import ModelSpec

DEFAULT_THRESHOLD = 0.8


class Thresholds(NamedTuple):
    """Smoothed scores from which a word fires, 0 to 1."""

    alone: float
    after: float
    """Where a wake word was heard in time."""


def word_thresholds(config: DecisionConfig, spec: ModelSpec, word: str) -> Thresholds:
    """Return the thresholds of a word, whether or not it may be said in either way.

    The word's own go first, then those for every word, then the model's. What is nowhere given
    for after a wake word is as for alone.
    """
    own = config.words.get(word, WordConfig())
    alone = own.threshold or config.threshold or spec.thresholds.get(word, DEFAULT_THRESHOLD)
    after = own.threshold_after or config.threshold_after or spec.thresholds_after.get(word, alone)
    return Thresholds(alone, after)
