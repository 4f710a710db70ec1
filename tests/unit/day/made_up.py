"""Records of runs that never were, with figures that can be added up by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from edge_daemon.telemetry.record import Record
from edge_daemon.telemetry.record_log import RecordLog

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)
INTERVAL_S = 60.0
RATE_HZ = 16000


def record(began: datetime, uptime_s: float, kind: str, **values: Any) -> Record:
    """Return a record of a run by a clock that is right."""
    time = began + timedelta(seconds=uptime_s)
    return Record(time=time, uptime_s=uptime_s, kind=kind, **values)


def start(began: datetime, text: str = "edge-daemon, model commands") -> Record:
    """Return the record with which a run begins."""
    return record(began, 0.0, "start", text=text, interval_s=INTERVAL_S)


def summary(began: datetime, n: int, watts: float | None = 3.0, **values: Any) -> Record:
    """Return the nth summary of a run at a steady power, without a word and without a loss."""
    uptime_s = n * INTERVAL_S
    figures = {
        "interval_s": INTERVAL_S,
        "watts": watts,
        "watts_max": None if watts is None else watts + 1.0,
        "joules": None if watts is None else watts * uptime_s,
        "measured_s": None if watts is None else uptime_s,
        "temperature_c": 50.0,
        "throttled": "no",
        "cpu_share": 0.02,
        "rss_bytes": 70 << 20,
        "audio_s": uptime_s,
        "dropped_samples": 0,
        "overflows": 0,
        "errors": 0,
        "durations": {"latency_p50_ms": 120.0, "latency_p99_ms": 160.0, "model_p99_ms": 0.5},
    }
    return record(began, uptime_s, "summary", **{**figures, **values})


def run(began: datetime, n: int, **values: Any) -> list[Record]:
    """Return a run of n intervals that ends in peace."""
    summaries = [summary(began, i, **values) for i in range(1, n + 1)]
    return [start(began), *summaries, record(began, n * INTERVAL_S, "stop")]


def write(path: Path, records: Iterable[Record], form: Any = "jsonl") -> Path:
    """Write records as the daemon does."""
    log = RecordLog(path, form, max_bytes=10**9, keep=0)
    for one in records:
        log.write(one)
    assert log.lost == 0
    return path
