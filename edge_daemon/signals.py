"""The wishes to stop and to read the configuration again, as signals bring them."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

_SLICE_S = 0.1
_TERMINAL_FDS = (0, 1, 2)


class StopSignal:
    """Notes the signal that came; a context manager that puts the handlers in and back.

    The handler takes no lock and writes nothing: it may interrupt any line of the main loop,
    also one that holds the lock of a `threading.Event` or of a log handler.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._before: dict[signal.Signals, Any] = {}
        self._n_hang_ups = self._n_taken = 0

    @property
    def name(self) -> str | None:
        """The signal's name; None while none has come."""
        return None if self._number is None else signal.Signals(self._number).name

    def __bool__(self) -> bool:
        return self._number is not None

    def take_reload(self) -> bool:
        """Tell whether SIGHUP has come since this was asked the last time."""
        before, self._n_taken = self._n_taken, self._n_hang_ups
        return self._n_taken > before

    def wait(self, seconds: float) -> None:
        """Sleep so long, or until a signal comes."""
        until = time.monotonic() + seconds
        while not self and (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, _SLICE_S))

    def __enter__(self) -> StopSignal:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup sets it
            on_hang_up = self._on_signal if _at_a_terminal() else self._on_reload
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, on_hang_up)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: object) -> None:
        self._number = number

    def _on_reload(self, _number: int, _frame: object) -> None:
        self._n_hang_ups += 1


def _at_a_terminal() -> bool:
    """Tell whether SIGHUP means that the terminal is closed, and nobody sees the daemon any more."""
    return any(os.isatty(fd) for fd in _TERMINAL_FDS)
