"""The runs of the daemon in a log, with the time of each record by a clock that never jumps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from edge_daemon.telemetry.record import Record

CLOCK_STEP_S = 2.0
"""Less is a clock that was not exact, more is one that was set."""
_MISSING_INTERVALS = 3.0
_PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The clock was set while the daemon ran."""

    at_s: float
    by_s: float


class Run:
    """From a start of the daemon to its end.

    The clock may be set while it runs: a board without one of its own learns the time minutes
    after its start. So what counts is the clock at the end of the run, counted back from there.
    """

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self._began_s = _offset_s(records[-1])
        """Seconds since the epoch at which uptime was 0."""

    def at_s(self, record: Record) -> float:
        """Return when it was, in seconds since the epoch."""
        return self._began_s + record.uptime_s

    @property
    def begin_s(self) -> float:
        """When the first record is of."""
        return self.at_s(self.records[0])

    @property
    def end_s(self) -> float:
        """When the last record is of."""
        return self.at_s(self.records[-1])

    @property
    def has_start(self) -> bool:
        """Whether the log reaches back to its start, when all counts were 0."""
        return self.records[0].kind == "start"

    @property
    def has_stop(self) -> bool:
        """Whether it ended in peace, rather than by a power cut or a kill."""
        return self.records[-1].kind == "stop"

    def of_kind(self, *kinds: str) -> Iterator[Record]:
        """Yield its records of these kinds, in order."""
        return (record for record in self.records if record.kind in kinds)

    @cached_property  # asked for at every record
    def longest_pause_s(self) -> float:
        """Time without a record from which on it counts as a gap."""
        lengths = [r.interval_s for r in self.of_kind("start", "summary") if r.interval_s]
        return _MISSING_INTERVALS * median(lengths) + _PATIENCE_S if lengths else float("inf")

    def clock_steps(self) -> Iterator[ClockStep]:
        """Yield how the clock was set."""
        for before, after in pairwise(self.records):
            by_s = _offset_s(after) - _offset_s(before)
            if abs(by_s) > CLOCK_STEP_S:
                yield ClockStep(self.at_s(after), by_s)


def runs_of(records: Iterable[Record]) -> list[Run]:
    """Part records at each start; one whose record of the start is missing shows by its uptime."""
    runs: list[list[Record]] = []
    for record in records:
        is_new = not runs or record.kind == "start" or record.uptime_s < runs[-1][-1].uptime_s
        if is_new:
            runs.append([])
        runs[-1].append(record)
    return [Run(run) for run in runs]


def _offset_s(record: Record) -> float:
    return record.time.timestamp() - record.uptime_s
