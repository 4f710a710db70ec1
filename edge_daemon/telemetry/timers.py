"""The timer that the pipeline holds around each of its stages."""

from __future__ import annotations

from time import perf_counter_ns

from edge_daemon.telemetry.histogram import Histogram


class StageTimer:
    """Measures stages that follow each other: ``start()``, then ``lap(stage)`` after each."""

    def __init__(self) -> None:
        self.stages: dict[str, Histogram] = {}
        """One histogram a stage, in the order in which they first ran."""
        self._last_ns = perf_counter_ns()

    def start(self) -> None:
        """Begin the first stage."""
        self._last_ns = perf_counter_ns()

    def lap(self, stage: str) -> None:
        """End a stage and begin the next."""
        now_ns = perf_counter_ns()
        histogram = self.stages.get(stage)
        if histogram is None:
            histogram = self.stages[stage] = Histogram()
        histogram.add((now_ns - self._last_ns) * 1e-9)
        self._last_ns = now_ns
