"""What a day comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from edge_daemon.day.day import Day, Value
from edge_daemon.day.runs import Run
from edge_daemon.day.spans import too_slow
from edge_daemon.telemetry.record import LATENCY, Record, column

_S_PER_H = 3600.0


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums, means and maxima of a day; None is what nothing measured."""

    words: Counter[str]
    listened_s: float | None
    """Length of the audio that was worked on."""
    watt_hours: float | None
    measured_s: float | None
    """Time that the energy is of."""
    watts_mean: float | None
    watts_max: float | None
    joules_per_inference: float | None
    """Above the idle board, as the last summary has it."""
    temperature_max_c: float | None
    cpu_share_mean: float | None
    rss_max_bytes: float | None
    latency_p99_worst_ms: float | None
    dropped_samples: float | None
    overflows: float | None
    errors: float | None
    actions_failed: float | None
    lost_records: float | None


def totals_of(day: Day) -> Totals:
    """Add a day up."""
    joules = _gained(day, lambda r: r.joules)
    return Totals(
        words=Counter(r.label or "" for run in day.runs for r in day.records(run, "heard")),
        listened_s=_gained(day, lambda r: r.audio_s),
        watt_hours=None if joules is None else joules / _S_PER_H,
        measured_s=_gained(day, lambda r: r.measured_s),
        watts_mean=_mean(day, lambda r: r.watts),
        watts_max=_largest(day, lambda r: r.watts_max),
        joules_per_inference=_last(day, lambda r: r.joules_per_inference),
        temperature_max_c=_largest(day, lambda r: r.temperature_c),
        cpu_share_mean=_mean(day, lambda r: r.cpu_share),
        rss_max_bytes=_largest(day, lambda r: r.rss_bytes),
        latency_p99_worst_ms=_largest(day, lambda r: r.durations.get(column(LATENCY, "p99"))),
        dropped_samples=_gained(day, too_slow),
        overflows=_gained(day, lambda r: r.overflows),
        errors=_gained(day, lambda r: r.errors),
        actions_failed=_gained(day, lambda r: r.actions_failed),
        lost_records=_gained(day, lambda r: r.lost_records),
    )


def _gained(day: Day, value: Value) -> float | None:
    """Return by how much a count that begins at 0 with each run has grown in the day."""
    gains = [gain for run in day.runs if (gain := _gained_in(day, run, value)) is not None]
    return sum(gains) if gains else None


def _gained_in(day: Day, run: Run, value: Value) -> float | None:
    known = [
        (run.at_s(r), found) for r in run.of_kind("summary") if (found := value(r)) is not None
    ]
    before = [found for at_s, found in known if at_s < day.begin_s]
    within = [found for at_s, found in known if day.holds(at_s)]
    if not within:
        return None
    first = before[-1] if before else 0.0 if run.has_start else within[0]
    return within[-1] - first


def _weighed(day: Day, value: Value) -> Iterator[tuple[float, float]]:
    """Yield (value, seconds that it is the mean of)."""
    for run in day.runs:
        for record in day.records(run, "summary"):
            found = value(record)
            if found is not None and record.interval_s:
                yield found, record.interval_s


def _mean(day: Day, value: Value) -> float | None:
    weighed = list(_weighed(day, value))
    seconds = sum(s for _, s in weighed)
    return sum(v * s for v, s in weighed) / seconds if seconds else None


def _largest(day: Day, value: Value) -> float | None:
    return max((found for _, found in day.line(value) if found is not None), default=None)


def _last(day: Day, value: Value) -> float | None:
    known = [found for _, found in day.line(value) if found is not None]
    return known[-1] if known else None


def heard(day: Day) -> list[tuple[float, Record]]:
    """Return the words of the day with their times."""
    return [(run.at_s(r), r) for run in day.runs for r in day.records(run, "heard")]
