"""One day of a log, from midnight to midnight in this machine's local time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from edge_daemon.day import spans
from edge_daemon.day.reading import ReadLog
from edge_daemon.day.runs import ClockStep, Run, runs_of
from edge_daemon.day.spans import Span, clipped
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.telemetry.record import Record

Value = Callable[[Record], float | None]


@dataclass(frozen=True, slots=True)
class Day:
    """What happened in it; times are in seconds since the epoch."""

    date: date
    log: ReadLog
    begin_s: float
    end_s: float
    runs: tuple[Run, ...]
    """Those with a record in the day; they may begin before it and end after it."""
    not_running: list[Span]
    without_records: list[Span]
    without_audio: list[Span]
    muted: list[Span]
    throttled: list[Span]
    dropping: list[tuple[Span, int]]

    def holds(self, at_s: float) -> bool:
        """Tell whether this time is of the day."""
        return self.begin_s <= at_s < self.end_s

    def records(self, run: Run, *kinds: str) -> list[Record]:
        """Return the records of a run that are of the day."""
        return [record for record in run.of_kind(*kinds) if self.holds(run.at_s(record))]

    @property
    def first_s(self) -> float:
        """When the first record of the day is of; midnight where a run began before it."""
        return max(self.begin_s, min(run.begin_s for run in self.runs))

    @property
    def last_s(self) -> float:
        """When the last record of the day is of."""
        return min(self.end_s, max(run.end_s for run in self.runs))

    def clock_steps(self) -> list[ClockStep]:
        """Return how the clock was set in the day."""
        steps = (step for run in self.runs for step in run.clock_steps())
        return [step for step in steps if self.holds(step.at_s)]

    def line(self, value: Value) -> Iterator[tuple[float, float | None]]:
        """Yield (time, value) of the summaries; None breaks the line where there was nothing."""
        for run in self.runs:
            last_s = float("-inf")
            for record in self.records(run, "summary"):
                at_s = run.at_s(record)
                if at_s - last_s > run.longest_pause_s:
                    yield at_s, None
                yield at_s, value(record)
                last_s = at_s

    def is_known(self, value: Value) -> bool:
        """Tell whether any summary of the day has this."""
        return any(found is not None for _, found in self.line(value))


def day_of(log: ReadLog, day: date | None = None) -> Day:
    """Return a day of the log; without one, the newest.

    Raises
    ------
    EdgeDaemonError
        When it has no record of that day.
    """
    runs = runs_of(log.records)
    chosen = day or local(runs[-1].end_s).date()
    there = tuple(run for run in runs if chosen in _days([run]))
    if not there:
        raise EdgeDaemonError(f"no record of {chosen}; there are some of {_in_words(runs)}")
    begin_s, end_s = _midnight_s(chosen), _midnight_s(chosen + timedelta(days=1))
    return Day(
        date=chosen,
        log=log,
        begin_s=begin_s,
        end_s=end_s,
        runs=there,
        not_running=clipped(spans.not_running(runs), begin_s, end_s),
        without_records=clipped(spans.without_records(there), begin_s, end_s),
        without_audio=clipped(spans.without_audio(there), begin_s, end_s),
        muted=clipped(spans.muted(there), begin_s, end_s),
        throttled=clipped(spans.throttled(there), begin_s, end_s),
        dropping=[
            (part, n)
            for span, n in spans.dropping(there)
            for part in clipped([span], begin_s, end_s)
        ],
    )


def local(at_s: float) -> datetime:
    """Return a time as this machine's clock on the wall shows it."""
    return datetime.fromtimestamp(at_s).astimezone()


def _midnight_s(day: date) -> float:
    """Return when a day begins; the day of a change to summer time has 23 hours."""
    return datetime(day.year, day.month, day.day).astimezone().timestamp()


def _days(runs: Iterable[Run]) -> set[date]:
    return {local(run.at_s(record)).date() for run in runs for record in run.records}


def _in_words(runs: Iterable[Run]) -> str:
    found = sorted(_days(runs))
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"
