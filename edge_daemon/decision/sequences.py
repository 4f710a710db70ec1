"""Wake words: which word was said in time before another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from edge_daemon.config import Sequence


class Sequences:
    """Remembers when each wake word was heard; a command uses its wake word up.

    There is no dead time: a command may follow its wake word at the very next hop.
    """

    def __init__(self, sequences: Iterable[Sequence]) -> None:
        self._within_ms: dict[str, dict[str, int]] = {}
        for s in sequences:
            self._within_ms.setdefault(s.say, {})[s.after] = s.within_ms
        self._wake_words = {s for wakes in self._within_ms.values() for s in wakes}
        self._longest_ms = max((s for w in self._within_ms.values() for s in w.values()), default=0)
        self._heard_ms: dict[str, float] = {}

    def reset(self) -> None:
        """Forget the wake words heard."""
        self._heard_ms.clear()

    def note(self, label: str, now_ms: float) -> None:
        """Remember ``label`` if it is a wake word."""
        if label in self._wake_words:
            self._heard_ms[label] = now_ms

    def go_on_from(
        self, before: Sequences, fired_ms: Mapping[str, float], same_word_ms: float
    ) -> None:
        """Take over the wake words that another one has heard, and forget those it has used up.

        ``fired_ms`` tells when it heard each the last time; less than ``same_word_ms`` apart is the
        same one.
        """
        for label in before._wake_words & self._heard_ms.keys():
            if fired_ms.get(label, -math.inf) > self._heard_ms[label] - same_word_ms:
                del self._heard_ms[label]
        for label, heard_ms in before._heard_ms.items():
            self.note(label, heard_ms)

    def expected(self, now_ms: float) -> frozenset[str]:
        """Return the words that a wake word heard in time may be followed by now."""
        if not self._heard_ms:
            return frozenset()
        self._heard_ms = {
            wake: heard
            for wake, heard in self._heard_ms.items()
            if now_ms - heard <= self._longest_ms
        }
        return frozenset(word for word in self._within_ms if self._in_time(word, now_ms))

    def wake_before(self, label: str, now_ms: float) -> str | None:
        """Return, and use up, the latest wake word that ``label`` follows in time."""
        in_time = self._in_time(label, now_ms)
        if not in_time:
            return None
        latest = max(in_time, key=lambda wake: in_time[wake])
        del self._heard_ms[latest]
        return latest

    def _in_time(self, label: str, now_ms: float) -> dict[str, float]:
        """Return when each wake word was heard that ``label`` still follows in time."""
        return {
            wake: heard
            for wake, within_ms in self._within_ms.get(label, {}).items()
            if (heard := self._heard_ms.get(wake)) is not None and now_ms - heard <= within_ms
        }
