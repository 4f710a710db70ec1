"""Wake words that nothing followed: most of them were none."""

from __future__ import annotations

from collections.abc import Collection

from edge_daemon.types import Detection


class Unanswered:
    """Counts wake words after which no command came in time.

    Parameters
    ----------
    wake_words : collection of str
    within_s : float
        Longest time from a wake word to its command.
    """

    def __init__(self, wake_words: Collection[str], within_s: float) -> None:
        self._wake_words = frozenset(wake_words)
        self._within_s = within_s
        self._waiting_s: float | None = None

    def heard(self, detection: Detection) -> int:
        """Take a word; return how many wake words turn out to be unanswered."""
        n = self.passed(detection.time_s) if detection.after is None else 0
        if detection.after is not None:
            self._waiting_s = None
        if detection.label in self._wake_words:
            n += self._waiting_s is not None  # it was said once more
            self._waiting_s = detection.time_s
        return n

    def passed(self, time_s: float) -> int:
        """Take the time, in seconds of audio; return how many wake words got no answer."""
        if self._waiting_s is None or 0 <= time_s - self._waiting_s <= self._within_s:
            return 0
        self._waiting_s = None
        return 1
