"""Finds the sensors that this machine has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_daemon.telemetry.sensors.battery import Battery
from edge_daemon.telemetry.sensors.clock import CpuClock
from edge_daemon.telemetry.sensors.hwmon import HwmonPower
from edge_daemon.telemetry.sensors.jetson import JetsonRails
from edge_daemon.telemetry.sensors.meter import PowerMeter
from edge_daemon.telemetry.sensors.pmic import PiPmic
from edge_daemon.telemetry.sensors.rapl import Rapl
from edge_daemon.telemetry.sensors.reading import NOT_ALLOWED
from edge_daemon.telemetry.sensors.thermometer import Thermometer
from edge_daemon.telemetry.sensors.throttling import Throttling


@dataclass(frozen=True, slots=True)
class Sensors:
    """What was found; what is None has its reason, under the same name."""

    power: PowerMeter | None = None
    thermometer: Thermometer | None = None
    throttling: Throttling | None = None
    clock: CpuClock | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Why there is none: `power`, `temperature`, `throttling`, `clock`."""
    refused: tuple[str, ...] = ()
    """The power meters that are not used, each with its reason."""


def power_meters(root: Path = Path("/")) -> tuple[PowerMeter, ...]:
    """Return a meter of each kind, the one that covers most first; they may be absent."""
    return (
        JetsonRails(root),
        HwmonPower(root),
        PiPmic(root),
        Rapl(root),
        Battery(root),
    )


def find_power_meter(root: Path = Path("/")) -> tuple[PowerMeter | None, tuple[str, ...]]:
    """Return the best meter that can be read, and why each other is not used."""
    chosen: PowerMeter | None = None
    refused = []
    for meter in power_meters(root):
        why = meter.absence()
        if not why and chosen is None:
            chosen = meter
        elif not why and chosen is not None:
            why = f"not used beside {chosen.name}, which covers {chosen.covers}"
        if why:
            refused.append(f"{meter.name}: {why}")
    return chosen, tuple(refused)


def find_sensors(root: Path = Path("/")) -> Sensors:
    """Look for all sensors; measures nothing, so that one that hangs does not hold the start."""
    power, refused = find_power_meter(root)
    thermometer, throttling, clock = Thermometer(root), Throttling(root), CpuClock(root)
    absences = {
        "power": "" if power else _why_no_power(refused),
        "temperature": thermometer.absence(),
        "throttling": throttling.absence(),
        "clock": clock.absence(),
    }
    reasons = {name: why for name, why in absences.items() if why}
    return Sensors(
        power,
        None if "temperature" in reasons else thermometer,
        None if "throttling" in reasons else throttling,
        None if "clock" in reasons else clock,
        reasons,
        refused,
    )


def _why_no_power(refused: tuple[str, ...]) -> str:
    """Name the meter that may not be read, where there is one: that can be mended."""
    forbidden = [line for line in refused if NOT_ALLOWED in line]
    kinds = ", ".join(line.partition(":")[0] for line in refused)
    return "; ".join(forbidden) or f"no power meter ({kinds})"
