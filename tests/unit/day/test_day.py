"""A day of a log, with figures added up by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from edge_daemon.day import Day, ReadLog, day_of
from edge_daemon.day.runs import runs_of
from edge_daemon.day.spans import Span
from edge_daemon.day.totals import totals_of
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.telemetry.record import Record
from tests.unit.day.made_up import NOON, record, run, start, summary

DAY = date(2026, 11, 22)


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let this machine be elsewhere."""

    def set_zone(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def _in_utc(zone: Any) -> None:
    zone("UTC")


def day(records: list[Record], chosen: date | None = DAY) -> Day:
    """Return the day of these records."""
    return day_of(ReadLog(records), chosen)


def clock(span: Span) -> tuple[str, str]:
    """Return from and to as a clock in UTC shows them."""
    ends = (datetime.fromtimestamp(t, timezone.utc) for t in (span.begin_s, span.end_s))
    begin, end = (f"{t:%H:%M:%S}" for t in ends)
    return begin, end


def test_an_hour_by_hand() -> None:
    """An hour at 3 W is 3 Wh; its words, its audio and its maxima are those of the records."""
    words = [record(NOON, 90.0 + i, "heard", label=w) for i, w in enumerate(("on", "off", "on"))]
    records = run(NOON, 60)
    totals = totals_of(day([*records[:2], *words, *records[2:]]))
    assert totals.watt_hours == pytest.approx(3.0)
    assert (totals.watts_mean, totals.watts_max) == (3.0, 4.0)
    assert totals.measured_s == totals.listened_s == 3600.0
    assert totals.words == {"on": 2, "off": 1}
    assert totals.cpu_share_mean == pytest.approx(0.02)
    assert totals.latency_p99_worst_ms == 160.0
    assert totals.dropped_samples == 0


def test_counts_of_two_runs_add_up() -> None:
    """Counts begin at 0 with each run: 10 minutes at 3 W and 20 at 6 W are 0.5 and 2 Wh."""
    later = NOON + timedelta(hours=1)
    totals = totals_of(day([*run(NOON, 10), *run(later, 20, watts=6.0)]))
    assert totals.watt_hours == pytest.approx(2.5)
    assert totals.watts_mean == pytest.approx(5.0)
    assert totals.listened_s == 30 * 60


def test_a_run_over_midnight() -> None:
    """Of a run that began the day before only what came since midnight counts."""
    began = datetime(2026, 11, 21, 23, 30, tzinfo=timezone.utc)
    found = day(run(began, 60))
    totals = totals_of(found)
    # the summary of midnight itself is of the day, and of the minute before it
    assert totals.listened_s == pytest.approx(31 * 60)
    assert totals.watt_hours == pytest.approx(3.0 * 31 / 60)
    assert found.first_s == found.begin_s
    assert totals_of(day(run(began, 60), date(2026, 11, 21))).listened_s == 29 * 60


def test_a_log_that_begins_in_a_run() -> None:
    """Where older files are gone, counts begin with the first record that is left."""
    totals = totals_of(day(run(NOON, 60)[31:]))
    assert totals.listened_s == 29 * 60
    assert totals.watt_hours == pytest.approx(3.0 * 29 / 60)


def test_what_was_not_measured_is_none() -> None:
    """Without a meter there is no energy, rather than 0."""
    totals = totals_of(day(run(NOON, 5, watts=None, temperature_c=None, cpu_share=None)))
    assert totals.watt_hours is None
    assert totals.watts_mean is None
    assert totals.temperature_max_c is None
    assert totals.cpu_share_mean is None
    assert totals.measured_s is None


def test_energy_of_a_part_of_the_time() -> None:
    """A battery that was in use for 10 s of each minute: the energy is of those alone."""
    parts = [summary(NOON, n, joules=30.0 * n, measured_s=10.0 * n) for n in range(1, 7)]
    totals = totals_of(day([start(NOON), *parts]))
    assert totals.watt_hours == pytest.approx(180 / 3600)
    assert totals.measured_s == 60.0


def test_gaps_between_runs() -> None:
    """The time between two runs is a gap, which says whether the first one was stopped."""
    begins = [NOON + timedelta(hours=i) for i in range(3)]
    found = day([*run(begins[0], 10), *run(begins[1], 10)[:-1], *run(begins[2], 10)])
    assert [(*clock(gap), gap.text) for gap in found.not_running] == [
        ("12:10:00", "13:00:00", "stopped"),
        ("13:10:00", "14:00:00", "ended without a word"),
    ]
    assert found.without_records == []


def test_a_gap_within_a_run() -> None:
    """Records that are missing in a run are a gap that breaks the lines, one or two are not."""
    records = run(NOON, 60)
    found = day([*records[:10], *records[12:20], *records[40:]])
    assert [clock(gap) for gap in found.without_records] == [("12:19:00", "12:40:00")]
    breaks = [at_s for at_s, value in found.line(lambda r: r.watts) if value is None]
    assert len(breaks) == 2  # at the beginning, and after the gap


def test_audio_that_was_lost() -> None:
    """From its loss until it is listened to again, or to the end of the run, there is no audio."""
    events = [("listening", 0), ("lost", 60), ("lost", 75), ("listening", 120), ("lost", 240)]
    records = [record(NOON, float(s), kind, text=kind) for kind, s in events]
    found = day([start(NOON), *records, record(NOON, 300.0, "stop")])
    assert [clock(span) for span in found.without_audio] == [
        ("12:01:00", "12:02:00"), ("12:04:00", "12:05:00"),
    ]  # fmt: skip


def test_a_microphone_that_was_muted() -> None:
    """From the report of zeros until something else comes, or until another stream begins."""
    events = [("muted", 60), ("unmuted", 120), ("muted", 180), ("lost", 200), ("listening", 210)]
    records = [record(NOON, float(s), kind, text=kind) for kind, s in events]
    found = day([start(NOON), *records, record(NOON, 300.0, "stop")])
    assert [clock(span) for span in found.muted] == [
        ("12:01:00", "12:02:00"), ("12:03:00", "12:03:30"),
    ]  # fmt: skip


def test_throttled_and_dropped() -> None:
    """Intervals that were held back are joined; those with dropped samples say how many."""
    states = ["no", "under-voltage", "throttled, under-voltage", "no", "throttled", None]
    dropped = [0, 100, 100, 400, 400, 400]
    summaries = [
        summary(NOON, n, throttled=state, dropped_samples=lost)
        for n, (state, lost) in enumerate(zip(states, dropped, strict=True), start=1)
    ]
    found = day([start(NOON), *summaries])
    assert [(*clock(span), span.text) for span in found.throttled] == [
        ("12:01:00", "12:03:00", "under-voltage, throttled"),
        ("12:04:00", "12:05:00", "throttled"),
    ]
    assert [(clock(span)[1], n) for span, n in found.dropping] == [
        ("12:02:00", 100), ("12:04:00", 300),
    ]  # fmt: skip
    assert totals_of(found).dropped_samples == 400


def test_a_board_that_learns_the_time_late() -> None:
    """What was recorded before the clock was set is shown by the clock that is right."""
    wrong = datetime(1971, 1, 1, tzinfo=timezone.utc)
    records = [*run(wrong, 60)[:11], *run(NOON, 60)[11:]]
    found = day(records)
    assert found.first_s == NOON.timestamp()
    assert totals_of(found).watt_hours == pytest.approx(3.0)
    [step] = found.clock_steps()
    assert step.by_s == NOON.timestamp() - wrong.timestamp()
    assert found.without_records == []


def test_runs_whose_start_is_missing() -> None:
    """An uptime that is less than before is another run, though its start could not be written."""
    later = NOON + timedelta(hours=1)
    records = [*run(NOON, 3), *run(later, 3)[1:]]
    assert [len(found.records) for found in runs_of(records)] == [5, 4]
    assert [found.has_start for found in runs_of(records)] == [True, False]


def test_local_days(zone: Any) -> None:
    """A day is from midnight to midnight where the machine is, be it of 25 hours."""
    zone("Europe/Berlin")
    autumn = datetime(2026, 10, 24, 23, 0, tzinfo=timezone.utc)  # 01:00 in Berlin
    found = day(run(autumn, 60), None)
    assert found.date == date(2026, 10, 25)
    assert found.end_s - found.begin_s == 25 * 3600
    assert totals_of(found).listened_s == 3600
    with pytest.raises(EdgeDaemonError, match="2026-10-24; there are some of 2026-10-25"):
        day(run(autumn, 60), date(2026, 10, 24))
