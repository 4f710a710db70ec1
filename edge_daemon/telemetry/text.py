"""The summary as one readable line."""

from __future__ import annotations

from edge_daemon.telemetry.sensors.figures import SensorFigures, held_back
from edge_daemon.telemetry.snapshot import Durations, Snapshot

_NONE = "-"


def text_of(snapshot: Snapshot) -> str:
    """Put a snapshot into one line."""
    heard = " ".join(f"{label} {n}" for label, n in snapshot["detections"].items())
    actions, process = snapshot["actions"], snapshot["process"]
    stages = ", ".join(f"{name} {_ms(d)}" for name, d in snapshot["stages"].items())
    return "; ".join(
        [
            f"up {snapshot['uptime_s']:.0f} s",
            f"{snapshot['blocks']} blocks, "
            f"{snapshot['dropped_samples'] - snapshot['cut_samples']} samples dropped, "
            f"{snapshot['overflows']} overflows",
            f"heard {heard or 'nothing'}",
            *_confirm_text(snapshot),
            f"actions {actions['done']} done, {actions['failed']} failed, "
            f"{actions['dropped']} dropped",
            f"{snapshot['errors']} errors",
            f"p50/p95/p99/max ms: capture to decision {_ms(snapshot['latency'])}"
            + (f", {stages}" if stages else ""),
            f"RSS {_mib(process['rss_bytes'])} (peak {_mib(process['peak_rss_bytes'])}) MiB",
            f"CPU {100 * process['cpu_share']:.2f} % of a core",
            f"{_figure(snapshot['realtime_factor'])} of real time",
            *_activity_text(snapshot),
            *_sensors_text(snapshot),
            *_records_text(snapshot),
        ]
    )


def _confirm_text(snapshot: Snapshot) -> list[str]:
    if "confirm" not in snapshot:
        return []
    figures = snapshot["confirm"]
    return [f"{figures['confirmed']} confirmed, {figures['rejected']} rejected"]


def _activity_text(snapshot: Snapshot) -> list[str]:
    if "activity" not in snapshot:
        return []
    figures = snapshot["activity"]
    return [f"model skipped in {figures['skipped']} of {figures['hops']} hops"]


def _sensors_text(snapshot: Snapshot) -> list[str]:
    if "sensors" not in snapshot:
        return []
    figures = snapshot["sensors"]
    return [
        _power_text(snapshot, figures),
        f"{_figure(figures['temperature_c'])} °C, throttled: {held_back(figures['throttled']) or _NONE}",
    ]


def _power_text(snapshot: Snapshot, figures: SensorFigures) -> str:
    if figures["watts_mean"] is None:
        return f"{_NONE} W"
    return (
        f"{_figure(figures['watts_mean'])} W (max {_figure(figures['watts_max'])}), "
        f"{_figure(figures['joules'])} J, {_figure(snapshot['watt_hours_a_day'])} Wh a day, "
        f"{_figure(snapshot['joules_per_inference'])} J an inference"
    )


def _records_text(snapshot: Snapshot) -> list[str]:
    lost = snapshot["records"]["lost"] if "records" in snapshot else 0
    return [f"{lost} records lost"] if lost else []


def _figure(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _ms(durations: Durations) -> str:
    figures = [durations[key] for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms")]
    return "/".join(_NONE if x is None else f"{x:.3g}" if x < 100 else f"{x:.0f}" for x in figures)


def _mib(size_bytes: int | None) -> str:
    return _NONE if size_bytes is None else f"{size_bytes / 2**20:.1f}"
