"""One sensor under the sampler's eye: when it is due, and whether it still answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

R = TypeVar("R")

HANGS_AFTER_S = 5.0
"""Longer than the commands that are run may take."""
LATE_PERIODS = 3
"""A reading stands for at most so many periods."""
_NEVER_S = float("inf")


class Watch(Generic[R]):
    """Knows since when a sensor has been asked, and when it last answered."""

    def __init__(
        self, period_s: float, read: Callable[[], R], keep: Callable[[R, float], None]
    ) -> None:
        self.next_s = -_NEVER_S
        """When it is to be read; never while a reading is under way."""
        self._due_s = -_NEVER_S
        self._period_s = period_s
        self._read = read
        self._keep = keep
        self._asked_s: float | None = None
        self._answered_s: float | None = None
        self._reader: threading.Thread | None = None

    def begin(self, now_s: float) -> None:
        """Note that a reading begins, in this thread."""
        self._asked_s, self._reader = now_s, threading.current_thread()
        self.next_s = _NEVER_S
        # On a grid, so that sensors of different periods are read at one waking.
        self._due_s += self._period_s
        if self._due_s <= now_s:
            self._due_s = now_s + self._period_s

    def ask(self) -> R:
        """Read the sensor, which may take any time."""
        return self._read()

    def end(self, answer: R, now_s: float) -> None:
        """Keep the answer."""
        self._asked_s, self._reader, self._answered_s = None, None, now_s
        self.next_s = self._due_s
        self._keep(answer, now_s)

    def holds(self, thread: threading.Thread | None, now_s: float) -> bool:
        """Tell whether the sensor hangs in this thread."""
        return self._hangs(now_s) and self._reader is thread

    def silence(self, now_s: float) -> str:
        """Say why there is no answer to be shown; empty while it answers."""
        if self._asked_s is not None and self._hangs(now_s):
            return f"has not answered for {now_s - self._asked_s:.0f} s"
        if self._answered_s is None:
            return "not read yet"
        age_s = now_s - self._answered_s
        if age_s > LATE_PERIODS * self._period_s + HANGS_AFTER_S:
            return f"was read {age_s:.0f} s ago and not since"
        return ""

    def _hangs(self, now_s: float) -> bool:
        return self._asked_s is not None and now_s - self._asked_s > HANGS_AFTER_S
