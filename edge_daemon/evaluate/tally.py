"""Counts of what was said, heard, and heard wrongly, and the figures made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edge_daemon.evaluate.bounds import least_share, most_per_hour


@dataclass
class Tally:
    """How often one word was said and heard, and how late.

    delays_ms : from the end of the voice to the detection; below 0 where it came before the end
    """

    said: int = 0
    hits: int = 0
    delays_ms: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        """Share that was heard, 0 to 1; None where nothing was said."""
        return self.hits / self.said if self.said else None

    def delay_ms(self) -> dict[str, int] | None:
        """Return median, 95 % quantile and maximum of the delays; None without hits."""
        if not self.delays_ms:
            return None
        figures = np.quantile(self.delays_ms, [0.5, 0.95, 1.0])
        return dict(zip(("p50", "p95", "max"), (round(float(x)) for x in figures), strict=True))

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "said": self.said,
            "hits": self.hits,
            "recall": self.recall,
            "recall_at_least": least_share(self.hits, self.said),
            "delay_ms": self.delay_ms(),
        }


class Tallies(dict[str, Tally]):
    """A tally for each word."""

    def of(self, label: str) -> Tally:
        """Return the tally of a word, made when it is first asked for."""
        return self.setdefault(label, Tally())

    @property
    def all(self) -> Tally:
        """All words together."""
        tallies = self.values()
        return Tally(
            sum(t.said for t in tallies),
            sum(t.hits for t in tallies),
            [x for t in tallies for x in t.delays_ms],
        )

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "all": self.all.as_json(),
            "each": {label: tally.as_json() for label, tally in sorted(self.items())},
        }


@dataclass
class Condition:
    """What was heard at one ratio of speech to noise; None stands for no noise.

    words : of each word, after its wake word where it needs one
    wake_words : of each wake word, said alone
    wake_words_before : of each wake word, said right before a word
    wrong : detections, by label, of what was not said then
    """

    snr_db: float | None
    words: Tallies = field(default_factory=Tallies)
    wake_words: Tallies = field(default_factory=Tallies)
    wake_words_before: Tallies = field(default_factory=Tallies)
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """The ratio as it is written."""
        return snr_name(self.snr_db)

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "snr_db": self.snr_db,
            "words": self.words.as_json(),
            "wake_words": self.wake_words.as_json(),
            "wake_words_before": self.wake_words_before.as_json(),
            "wrong": dict(sorted(self.wrong.items())),
        }


def snr_name(snr_db: float | None) -> str:
    """Return how a ratio of speech to noise is written."""
    return "clean" if snr_db is None else f"{snr_db:g} dB"


@dataclass(frozen=True)
class FalseAccepts:
    """What was heard in a stream in which nothing shall be heard."""

    name: str
    hours: float
    words: Counter[str]
    """Detections by word, wake words apart."""
    wake_words: Counter[str]

    @classmethod
    def of(
        cls, name: str, hours: float, labels: Iterable[str], wake_words: Iterable[str]
    ) -> FalseAccepts:  # fmt: skip
        """Count the labels of detections."""
        found, wakes = Counter(labels), frozenset(wake_words)
        return cls(
            name,
            hours,
            Counter({w: n for w, n in found.items() if w not in wakes}),
            Counter({w: n for w, n in found.items() if w in wakes}),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON object."""
        return {
            "name": self.name,
            "hours": self.hours,
            "words": self._figures(self.words),
            "wake_words": self._figures(self.wake_words),
        }

    def _figures(self, found: Counter[str]) -> dict[str, Any]:
        n = found.total()
        return {
            "false_accepts": n,
            "per_hour": n / self.hours if self.hours else None,
            "per_hour_at_most": most_per_hour(n, self.hours) if self.hours else None,
            "each": dict(sorted(found.items())),
        }
