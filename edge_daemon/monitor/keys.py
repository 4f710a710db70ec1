"""Keys as they are pressed, and the terminal as it was afterwards."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any

HUNG_UP = "\x04"
"""The terminal is gone; also what Ctrl-D gives."""


class Keys:
    """Reads single keys without an echo; where stdin is no terminal, there never is one."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None
        self._before: list[Any] = []

    def __enter__(self) -> Keys:
        if self._fd is not None:
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)  # Ctrl-C stays a signal
        return self

    def wait(self, seconds: float) -> str:
        """Return the key that is pressed within this time; empty where none is."""
        if self._fd is None:
            time.sleep(seconds)
            return ""
        if not select.select([self._fd], [], [], seconds)[0]:
            return ""
        try:
            pressed = os.read(self._fd, 64)
        except OSError:
            return HUNG_UP
        # of an arrow key, or of a line that was pasted, only the first byte counts
        return chr(pressed[0]) if pressed else HUNG_UP

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._fd is not None:
            termios.tcsetattr(self._fd, termios.TCSADRAIN, self._before)
