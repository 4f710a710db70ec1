"""The timer that the pipeline holds around each of its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter_ns

from edge_daemon.telemetry.histogram import Histogram


class StageTimer:
    """Measures stages that follow each other: ``start()``, then ``lap(stage)`` after each.

    A stage that runs inside another is measured with ``inset(stage)``.

    clock_ns : what is measured, in nanoseconds: time that passes, or that of the processor
    """

    def __init__(self, clock_ns: Callable[[], int] = perf_counter_ns) -> None:
        self.stages: dict[str, Histogram] = {}
        """One histogram a stage, in the order in which they first ran."""
        self._clock_ns = clock_ns
        self._last_ns = clock_ns()

    def start(self) -> None:
        """Begin the first stage."""
        self._last_ns = self._clock_ns()

    def lap(self, stage: str) -> None:
        """End a stage and begin the next."""
        now_ns = self._clock_ns()
        self._add(stage, now_ns - self._last_ns)
        self._last_ns = now_ns

    @contextmanager
    def inset(self, stage: str) -> Iterator[None]:
        """Measure a stage that runs inside another, whose own time is without it."""
        began_ns = self._clock_ns()
        try:
            yield
        finally:
            took_ns = self._clock_ns() - began_ns
            self._add(stage, took_ns)
            self._last_ns += took_ns

    def _add(self, stage: str, took_ns: int) -> None:
        histogram = self.stages.get(stage)
        if histogram is None:
            histogram = self.stages[stage] = Histogram()
        histogram.add(took_ns * 1e-9)
