"""Makes the records: of words, of events, and of what an interval came to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edge_daemon.telemetry.record import LATENCY, PERCENTILES, Kind, Record, column
from edge_daemon.telemetry.sensors.figures import SensorFigures, held_back
from edge_daemon.telemetry.snapshot import Durations, Snapshot
from edge_daemon.types import Detection

_LONGEST_TEXT = 500


def heard_record(
    time: datetime, uptime_s: float, detection: Detection, kind: Kind = "heard"
) -> Record:
    """Return the record of a word."""
    return Record(
        time=time,
        uptime_s=uptime_s,
        kind=kind,
        label=_sound(detection.label),
        score=round(float(detection.score), 4),
        time_s=round(float(detection.time_s), 3),
        after=None if detection.after is None else _sound(detection.after),
    )


def event_record(time: datetime, uptime_s: float, kind: Kind, text: str) -> Record:
    """Return the record of an event; line breaks in its text become spaces."""
    return Record(time=time, uptime_s=uptime_s, kind=kind, text=_sound(text) or None)


def _sound(text: str) -> str:
    """Return one line that UTF-8 can take: the bytes of a path need not be text."""
    return " ".join(text.split())[:_LONGEST_TEXT].encode(errors="replace").decode()


def summary_record(time: datetime, uptime_s: float, snapshot: Snapshot) -> Record:
    """Return the record of an interval."""
    interval, process, actions = snapshot["interval"], snapshot["process"], snapshot["actions"]
    return Record(
        time=time,
        uptime_s=uptime_s,
        kind="summary",
        provider=snapshot["provider"],
        interval_s=interval["seconds"],
        watt_hours_a_day=snapshot["watt_hours_a_day"],
        joules_per_inference=snapshot["joules_per_inference"],
        cpu_share=process["cpu_share_interval"],
        cpu_s=process["cpu_s"],
        rss_bytes=process["rss_bytes"],
        realtime_factor=interval["realtime_factor"],
        audio_s=snapshot["audio_s"],
        n_heard=sum(snapshot["detections"].values()),
        n_triggered=snapshot["n_triggered"],
        n_false_alarms=snapshot["n_false_alarms"],
        n_unanswered=snapshot["n_unanswered"],
        captured_samples=snapshot["captured_samples"],
        processed_samples=snapshot["processed_samples"],
        dropped_samples=snapshot["dropped_samples"],
        cut_samples=snapshot["cut_samples"],
        overflows=snapshot["overflows"],
        errors=snapshot["errors"],
        actions_done=actions["done"],
        actions_failed=actions["failed"],
        actions_dropped=actions["dropped"],
        durations=_durations({LATENCY: interval["latency"], **interval["stages"]}),
        **_where_there_is_one(snapshot),
    )


def _where_there_is_one(snapshot: Snapshot) -> dict[str, Any]:
    found: dict[str, Any] = _of_sensors(snapshot["sensors"]) if "sensors" in snapshot else {}
    if "confirm" in snapshot:
        found |= snapshot["confirm"]
    if "activity" in snapshot:
        gate = snapshot["activity"]
        found |= {"hops": gate["hops"], "hops_skipped": gate["skipped"]}
        found["floor_dbfs"] = gate["floor_dbfs"]
    if "records" in snapshot:
        found["lost_records"] = snapshot["records"]["lost"]
    return found


def _of_sensors(figures: SensorFigures) -> dict[str, Any]:
    return {
        "watts": figures["watts_mean"],
        "watts_max": figures["watts_max"],
        "joules": figures["joules"],
        "measured_s": figures["measured_s"] or None,
        "temperature_c": figures["temperature_c"],
        "throttled": held_back(figures["throttled"]),
        "clock_hz": figures["clock_hz"],
    }


def _durations(stages: Mapping[str, Durations]) -> dict[str, float]:
    figures = {
        column(stage, name): durations[f"{name}_ms"]  # type: ignore[literal-required]
        for stage, durations in stages.items()
        for name in PERCENTILES
    }
    return {name: value for name, value in figures.items() if value is not None}
