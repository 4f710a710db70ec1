"""Reads the sensors in a thread of its own, so that none of them can hold up the listening."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from edge_daemon.telemetry.sensors.figures import FiguresSoFar, SensorFigures
from edge_daemon.telemetry.sensors.found import Sensors
from edge_daemon.telemetry.sensors.watch import Watch

_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 60.0


class Sampler:
    """Reads every sensor at its own period; `take` returns at once, whatever hangs.

    A sensor that hangs keeps its thread, which nobody can end; from the next `take` on the others
    are read in a new one.
    """

    def __init__(
        self,
        sensors: Sensors,
        period_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._figures = FiguresSoFar(sensors, period_s)
        self._watches = self._figures.watches
        self._books = threading.Lock()
        """Never held while a sensor is read."""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, where there is anything to read."""
        if self._watches and self._thread is None:
            self._begin()

    def stop(self, timeout_s: float) -> None:
        """End the thread; one that a sensor holds is left behind."""
        self._stopped.set()
        with self._books:
            thread, is_held = self._thread, self._is_held(self._clock())
        if thread is not None and not is_held:
            thread.join(timeout_s)

    def sample(self) -> None:
        """Read what is due, in the caller's thread."""
        now_s = self._clock()
        for watch in self._watches:
            self._read(watch, now_s)

    def take(self) -> SensorFigures:
        """Return the figures since the take before."""
        with self._books:
            now_s = self._clock()
            if self._is_held(now_s) and not self._stopped.is_set():
                self._begin()
            return self._figures.take(now_s)

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._work, name="edge-sensors", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while self._goes_on():
            now_s = self._clock()
            for watch in self._watches:
                if watch.next_s <= now_s and self._goes_on():
                    self._read(watch, now_s)
            self._stopped.wait(self._pause_s())

    def _goes_on(self) -> bool:
        """Tell whether this thread is still the one that reads."""
        return not self._stopped.is_set() and threading.current_thread() is self._thread

    def _read(self, watch: Watch[Any], now_s: float) -> None:
        with self._books:
            if watch.next_s > now_s:
                return
            watch.begin(now_s)
        answer = watch.ask()
        with self._books:
            watch.end(answer, self._clock())

    def _pause_s(self) -> float:
        next_s = min(watch.next_s for watch in self._watches)
        return min(max(next_s - self._clock(), _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)

    def _is_held(self, now_s: float) -> bool:
        return self._thread is not None and any(
            watch.holds(self._thread, now_s) for watch in self._watches
        )
