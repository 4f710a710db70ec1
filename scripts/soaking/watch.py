"""Looks at a process from outside, every few seconds: its memory, threads and open files."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20


class Sample(msgspec.Struct, frozen=True):
    """A look at the process."""

    hours: float
    """On the axis of the part: of audio, or of time."""
    rss_mib: float
    n_threads: int
    n_fds: int


class Watch:
    """Looks at a process while it is entered.

    Parameters
    ----------
    pid : int
    hours : callable
        Where the part is, at the moment of a look.
    every_s : float
    """

    def __init__(self, pid: int, hours: Callable[[], float], every_s: float) -> None:
        self.samples: list[Sample] = []
        self._proc = Path("/proc", str(pid))
        self._hours = hours
        self._every_s = every_s
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look_again_and_again(self) -> None:
        while not self._is_over.wait(self._every_s):
            try:
                self.samples.append(self._look())
            except OSError:  # it has ended
                return

    def _look(self) -> Sample:
        resident = int((self._proc / "statm").read_text().split()[1])
        return Sample(
            hours=self._hours(),
            rss_mib=resident * _PAGE_BYTES / MIB,
            n_threads=len(os.listdir(self._proc / "task")),
            n_fds=len(os.listdir(self._proc / "fd")),
        )
