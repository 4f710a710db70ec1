"""Which sensors there are, and which of them this user may not read."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.doctor.diagnosis import Part, Problem
from edge_daemon.telemetry.sensors.found import Sensors, find_sensors
from edge_daemon.telemetry.sensors.reading import NOT_ALLOWED


def sensors_part(root: Path) -> Part:
    """Return what measures power, temperature, throttling and clock here."""
    sensors = find_sensors(root)
    facts = [_power(sensors)]
    for name, sensor in (
        ("temperature", sensors.thermometer),
        ("throttling", sensors.throttling),
        ("clock", sensors.clock),
    ):
        facts.append(f"{name}: {'yes' if sensor else sensors.reasons.get(name, 'none')}")
    lines = dict.fromkeys((*sensors.refused, *sensors.reasons.values()))
    return Part(name="sensors", facts=facts, problems=_forbidden(lines))


def _power(sensors: Sensors) -> str:
    if sensors.power is None:
        return f"power: {sensors.reasons.get('power', 'none')}"
    return f"power: {sensors.power.name}, {sensors.power.covers}"


def _forbidden(lines: dict[str, None]) -> list[Problem]:
    """Return those that a permission would mend, once for each fix."""
    found: dict[str, Problem] = {}
    for line in lines:
        what, allowed, fix = line.partition(f"{NOT_ALLOWED}: ")
        if allowed:
            found.setdefault(fix, Problem(what=f"{what}{NOT_ALLOWED}", fix=fix))
    return list(found.values())
