"""How each word is meant to be said: alone, after a wake word, or as a wake word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_daemon.config import Config, DecisionConfig, WordConfig, sequences
from edge_daemon.decision import word_thresholds
from edge_daemon.evaluate.matching import LATE_S
from edge_daemon.types import ModelSpec


@dataclass(frozen=True, slots=True)
class Modes:
    """The modes of all words, as the configuration in force has them."""

    alone: dict[str, int]
    """Words that may be said alone, with the pause that each needs around it, in milliseconds."""
    after: dict[str, tuple[str, ...]]
    """Words that need a wake word, with those that will do."""
    wake_words: tuple[str, ...]
    """The words that another one needs before it."""
    thresholds: dict[str, float]
    """Of each word, in its mode."""

    @classmethod
    def in_force(cls, config: Config, spec: ModelSpec) -> Modes:
        """Take the modes from a configuration and a model."""
        needed = [s for s in sequences(config, spec) if s.is_needed]
        after = {s.say: tuple(x.after for x in needed if x.say == s.say) for s in needed}
        wakes = {s.after for s in needed}
        decision = config.decision
        return cls(
            {w: _pause_ms(decision, w) for w in spec.words if w not in after and w not in wakes},
            after,
            tuple(w for w in spec.words if w in wakes),
            {w: word_thresholds(decision, spec, w)[w in after] for w in spec.words},
        )

    @property
    def late_s(self) -> float:
        """Time after the end of a clip up to which a detection is a hit."""
        return LATE_S + max(self.alone.values(), default=0) / 1000.0

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "alone": self.alone,
            "after": {word: list(wakes) for word, wakes in self.after.items()},
            "wake_words": list(self.wake_words),
            "thresholds": self.thresholds,
        }


def _pause_ms(config: DecisionConfig, word: str) -> int:
    own_ms = config.words.get(word, WordConfig()).isolate_ms
    return config.isolate_ms if own_ms is None else own_ms
