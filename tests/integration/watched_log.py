"""The log of this process, for tests that wait for a line of another thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_S = 20.0
"""What has not been said by then is not said any more."""


class WatchedLog(logging.Handler):
    """Keeps the lines of a logger."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._news = threading.Condition()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        with self._news:
            self.lines.append(f"{record.levelname} {record.getMessage()}")
            self._news.notify_all()

    def wait_for(self, text: str, times: int = 1) -> str:
        """Return the first line with this text, once there are so many of them."""

        def found() -> list[str]:
            return [line for line in self.lines if text in line]

        with self._news:
            has_come = self._news.wait_for(lambda: len(found()) >= times, PATIENCE_S)
        assert has_come, f"not {times} times {text!r} in:\n" + "\n".join(self.lines)
        return found()[0]


@contextmanager
def watched_log(name: str) -> Iterator[WatchedLog]:
    """Watch a logger and those below it."""
    logger, watched = logging.getLogger(name), WatchedLog()
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(watched)
    try:
        yield watched
    finally:
        logger.removeHandler(watched)
        logger.setLevel(before)
