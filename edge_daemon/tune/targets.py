"""The operating point: how often a word may be heard that nobody said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["alone", "after", "wake"]
"""``alone``: with a pause around the word; ``after``: right after a wake word; ``wake``."""

ISOLATE_MS = 300
"""Pause around a word said alone, where the configuration has none."""


@dataclass(frozen=True, slots=True)
class Targets:
    """False accepts an hour that each word may have, by mode; and what mishearing weighs.

    After a wake word a word may fire much more often, since only a few seconds of a day come
    after one: with 20 an hour, ten words add 0.17 false accepts to the 3 s after each wake word
    that nobody said, and two wake words at 0.2 an hour make 0.07 an hour of that.
    """

    alone: float = 0.5
    after: float = 20.0
    wake: float = 0.2
    misheard: float = 1.0
    """How many words heard are worth giving up for another one not being taken for this."""

    def of(self, mode: Mode) -> float:
        """Return the rate of a mode."""
        return {"alone": self.alone, "after": self.after, "wake": self.wake}[mode]


@dataclass(frozen=True, slots=True)
class Settings:
    """How thresholds are found.

    snrs_db : ratios of speech to noise at which words are said, None for no noise
    isolate_ms : pause around words said alone; None takes the configuration's, 300 where that
        has none
    """

    targets: Targets = Targets()
    snrs_db: tuple[float | None, ...] = (None,)
    isolate_ms: int | None = None
