"""A process that gets next to no CPU time, in a way that needs no rights and no cgroup."""

from __future__ import annotations

import os
import signal
import threading

RUN_S = 0.002
"""Time that it runs at a stretch."""


class Starved:
    """While it is entered, a process runs for two milliseconds of every period and is stopped else.

    Parameters
    ----------
    pid : int
    share : float
        Of the time that it may run.
    """

    def __init__(self, pid: int, share: float) -> None:
        self._pid = pid
        self._pause_s = RUN_S / share - RUN_S
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._starve)

    def __enter__(self) -> Starved:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _starve(self) -> None:
        while not self._is_over.wait(RUN_S):
            os.kill(self._pid, signal.SIGSTOP)
            try:
                self._is_over.wait(self._pause_s)
            finally:
                os.kill(self._pid, signal.SIGCONT)
