"""Telemetry: counts, snapshot, summary."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge_daemon.telemetry import Histogram, Interval, ProcessMeter, Telemetry, line_of, text_of
from edge_daemon.telemetry.record import (
    Record,
    columns,
    flat,
    journal_fields,
    unflattened,
)
from edge_daemon.telemetry.recording import summary_record
from edge_daemon.telemetry.sensors import SensorFigures
from edge_daemon.types import Block, Detection

TIME = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.fixture
def telemetry(tmp_path: Path) -> Telemetry:
    """Give the telemetry of a run that began at second 0 and is now at second 60."""
    (tmp_path / "statm").write_text("0 2560 0")
    (tmp_path / "status").write_text("VmHWM: 20480 kB")
    clock, cpu = iter([0.0, 60.0, 60.0]), iter([1.0, 1.6, 1.6])
    meter_clock = iter([0.0, 60.0, 60.0])
    meter = ProcessMeter(tmp_path, lambda: next(meter_clock), lambda: next(cpu))
    return Telemetry(clock=lambda: next(clock), process=meter)


def fill(telemetry: Telemetry) -> None:
    """Count a little of everything."""
    block = Block(np.zeros(1600, np.int16), captured_s=1.0, overflows=1)
    for _ in range(2):
        telemetry.count_block(block)
    for label in ("yes", "on", "yes"):
        telemetry.count_detection(Detection(label, 0.9, 1.0))
    telemetry.set_audio(captured=3274, processed=3200, overwritten=64, cut=10)
    telemetry.set_actions(done=3, failed=1, dropped=2)
    telemetry.count_error()
    telemetry.latency.add(0.1234)
    telemetry.timer.start()
    telemetry.timer.lap("model")


def test_snapshot_holds_everything(telemetry: Telemetry) -> None:
    """A snapshot has every count and figure, and survives JSON unchanged."""
    fill(telemetry)
    snapshot = telemetry.snapshot()
    assert json.loads(json.dumps(snapshot)) == snapshot
    assert snapshot["uptime_s"] == 60.0
    assert (snapshot["blocks"], snapshot["samples"]) == (2, 3200)
    assert (snapshot["captured_samples"], snapshot["processed_samples"]) == (3274, 3200)
    assert (snapshot["dropped_samples"], snapshot["cut_samples"]) == (74, 10)
    assert snapshot["overflows"] == 2
    assert snapshot["detections"] == {"yes": 2, "on": 1}
    assert snapshot["actions"] == {"done": 3, "failed": 1, "dropped": 2}
    assert snapshot["errors"] == 1
    assert snapshot["latency"]["count"] == 1
    assert snapshot["latency"]["max_ms"] == 123.4
    assert snapshot["stages"]["model"]["count"] == 1
    assert snapshot["process"]["cpu_share"] == 0.01


def test_snapshot_is_a_copy(telemetry: Telemetry) -> None:
    """What is counted later does not change a snapshot."""
    fill(telemetry)
    snapshot = telemetry.snapshot()
    telemetry.count_detection(Detection("no", 0.9, 2.0))
    telemetry.set_actions(9, 9, 9)
    assert "no" not in snapshot["detections"]
    assert snapshot["actions"]["done"] == 3


def test_summary_is_one_readable_line(telemetry: Telemetry) -> None:
    """The text has the counts, the percentiles, the memory and the CPU share on one line."""
    fill(telemetry)
    text = line_of(telemetry.snapshot(), "text")
    assert "\n" not in text
    assert "up 60 s; 2 blocks, 64 samples dropped, 2 overflows; heard yes 2 on 1" in text
    assert "actions 3 done, 1 failed, 2 dropped; 1 errors" in text
    assert "p50/p95/p99/max ms: capture to decision 123/123/123/123, model " in text
    assert "; CPU 1.00 % of a core; " in text
    assert text.endswith(" of real time")
    assert "(peak 20.0) MiB" in text


def test_a_larger_model_is_in_the_summary_where_there_is_one(telemetry: Telemetry) -> None:
    """What it confirmed and rejected is in text and JSON, and in neither without it."""
    assert "confirm" not in telemetry.snapshot()
    telemetry.set_confirm(confirmed=3, rejected=2)
    snapshot = telemetry.snapshot()
    assert snapshot["confirm"] == {"confirmed": 3, "rejected": 2}
    assert "heard nothing; 3 confirmed, 2 rejected; actions" in text_of(snapshot)


def test_summary_before_anything_came(telemetry: Telemetry) -> None:
    """Before anything was measured the text has dashes and the JSON has null."""
    text = line_of(telemetry.snapshot(), "text")
    assert "heard nothing" in text
    assert "capture to decision -/-/-/-;" in text
    snapshot = json.loads(line_of(telemetry.snapshot(), "json"))
    assert snapshot["latency"]["p50_ms"] is None


SENSORS = SensorFigures(
    meter="INA3221 VDD_IN",
    covers="the whole module",
    watts_mean=5.0,
    watts_max=6.25,
    joules=300.0,
    measured_s=60.0,
    temperature_c=47.5,
    throttled=(),
    throttled_since_boot=None,
    clock_hz=1.5e9,
    reasons={},
)


def test_power_in_the_summary(telemetry: Telemetry) -> None:
    """Power is shown with what it comes to in a day: 5 W for 24 hours are 120 Wh."""
    telemetry.set_sensors(SENSORS)
    snapshot = telemetry.snapshot()
    assert snapshot["watt_hours_a_day"] == 120.0
    assert snapshot["joules_per_inference"] is None
    assert "telemetry.idle_w" in snapshot["joules_reason"]
    text = text_of(snapshot)
    assert "; 5 W (max 6.25), 300 J, 120 Wh a day, - J an inference; " in text
    assert text.endswith("; 47.5 °C, throttled: no")


def test_what_is_not_measured_is_a_dash(telemetry: Telemetry) -> None:
    """A board without a meter has dashes in the text, null in JSON, and never 0."""
    telemetry.set_sensors(
        SensorFigures(
            **{
                **SENSORS, "meter": None, "watts_mean": None, "watts_max": None, "joules": None,
                "temperature_c": None, "throttled": None, "reasons": {"power": "none"},
            }
        )
    )  # fmt: skip
    snapshot = telemetry.snapshot()
    assert snapshot["watt_hours_a_day"] is None
    assert text_of(snapshot).endswith("; - W; - °C, throttled: -")
    assert json.loads(json.dumps(snapshot))["sensors"]["watts_mean"] is None
    assert "watts" not in flat(summary_record(TIME, 60.0, snapshot))


def test_intervals_begin_with_the_snapshot_before(tmp_path: Path) -> None:
    """Percentiles, audio and the real-time factor of an interval know nothing of those before."""
    clock = iter([0.0, 60.0, 120.0])
    telemetry = Telemetry(clock=lambda: next(clock), process=ProcessMeter(tmp_path))
    for seconds in (0.5, 0.002):
        telemetry.count_block(Block(np.zeros(16000, np.int16), captured_s=1.0))
        telemetry.latency.add(seconds)
        telemetry.timer.stages["model"] = telemetry.timer.stages.get("model", Histogram())
        telemetry.timer.stages["model"].add(seconds)
        snapshot = telemetry.snapshot()
    interval = snapshot["interval"]
    assert (interval["seconds"], interval["audio_s"]) == (60.0, 1.0)
    assert interval["latency"]["max_ms"] == 2.0
    assert interval["stages"]["model"]["max_ms"] == 2.0
    assert interval["realtime_factor"] == 0.002
    assert snapshot["latency"]["max_ms"] == 500.0
    assert snapshot["realtime_factor"] == 0.251  # 0.502 s of work for 2 s


def test_everything_is_a_column_and_a_field(telemetry: Telemetry) -> None:
    """A summary fits into the table, can be read back, and has names that the journal takes."""
    fill(telemetry)
    telemetry.set_sensors(SENSORS)
    telemetry.set_confirm(confirmed=3, rejected=2)
    telemetry.set_activity(hops=9, skipped=4, openings=1, floor_dbfs=-60.04)
    telemetry.set_records(written=5, lost=1)
    record = summary_record(TIME, 60.0, telemetry.snapshot())
    values = flat(record)
    assert set(values) <= set(columns())
    assert (values["watts"], values["joules"], values["throttled"]) == (5.0, 300.0, "no")
    assert (values["hops_skipped"], values["rejected"], values["lost_records"]) == (4, 2, 1)
    assert msgspec.convert(unflattened(values.items()), Record) == record
    fields = journal_fields(record)
    assert fields["EDGE_WATTS"] == 5.0
    assert fields["EDGE_LATENCY_P99_MS"] == 123.4
    assert all(re.fullmatch("[A-Z][A-Z0-9_]{0,63}", name) for name in fields)
    assert all(name.isupper() for name in fields)  # as systemd.py asks


def test_interval() -> None:
    """An interval is due once each time it has passed, and once after a long sleep."""
    interval = Interval(60.0, now=1000.0)
    assert not interval.due(1059.9)
    assert interval.due(1060.0)
    assert not interval.due(1060.0)
    assert interval.due(1500.0)
    assert not interval.due(1500.1)
    assert interval.due(1540.0)


def test_interval_of_zero_is_never_due() -> None:
    """An interval of 0 gives no summaries in between."""
    assert not Interval(0.0, now=0.0).due(1e9)
