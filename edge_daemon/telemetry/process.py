"""What the process costs: memory and CPU."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge_daemon.peak_memory import peak_rss_bytes

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """One reading; what cannot be read is None, never 0."""

    rss_bytes: int | None
    peak_rss_bytes: int | None
    cpu_s: float
    """CPU time of all threads since the process began; programs it started are not in it."""
    cpu_share: float
    """CPU time by elapsed time since the meter was made; 1 is one core."""
    cpu_share_interval: float
    """The same since the reading before."""


class ProcessMeter:
    """Reads ``/proc/self``."""

    def __init__(
        self,
        proc: Path = Path("/proc/self"),
        clock: Clock = time.monotonic,
        cpu_clock: Clock = time.process_time,
    ) -> None:
        self._proc = proc
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._first = self._last = (clock(), cpu_clock())

    def read(self) -> ProcessUsage:
        """Read now; the next interval begins here."""
        now = (self._clock(), self._cpu_clock())
        usage = ProcessUsage(
            rss_bytes=self._rss_bytes(),
            peak_rss_bytes=peak_rss_bytes(self._proc),
            cpu_s=now[1],
            cpu_share=_share(self._first, now),
            cpu_share_interval=_share(self._last, now),
        )
        self._last = now
        return usage

    def _rss_bytes(self) -> int | None:
        try:
            pages = int((self._proc / "statm").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")


def _share(before: tuple[float, float], now: tuple[float, float]) -> float:
    elapsed_s = now[0] - before[0]
    return (now[1] - before[1]) / elapsed_s if elapsed_s > 0 else 0.0
