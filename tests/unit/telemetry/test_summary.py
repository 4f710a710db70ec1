"""Telemetry: counts, snapshot, summary."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_daemon.telemetry import Interval, ProcessMeter, Telemetry, text_of
from edge_daemon.types import Block, Detection


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
    block = Block(np.zeros(1600, np.int16), captured_s=1.0, dropped=32, overflows=1)
    for _ in range(2):
        telemetry.count_block(block)
    for label in ("yes", "on", "yes"):
        telemetry.count_detection(Detection(label, 0.9, 1.0))
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
    assert (snapshot["dropped_samples"], snapshot["overflows"]) == (64, 2)
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
    text = telemetry.summary_text()
    assert "\n" not in text
    assert "up 60 s; 2 blocks, 64 samples dropped, 2 overflows; heard yes 2 on 1" in text
    assert "actions 3 done, 1 failed, 2 dropped; 1 errors" in text
    assert "p50/p95/p99/max ms: capture to decision 123/123/123/123, model " in text
    assert text.endswith("CPU 1.00 % of a core")
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
    text = telemetry.summary("text")
    assert "heard nothing" in text
    assert "capture to decision -/-/-/-;" in text
    snapshot = json.loads(telemetry.summary("json"))
    assert snapshot["latency"]["p50_ms"] is None


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
