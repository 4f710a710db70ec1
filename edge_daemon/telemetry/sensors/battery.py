"""Batteries: what flows out of them is what the machine draws."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.telemetry.sensors.meter import SYSFS_PERIOD_S
from edge_daemon.telemetry.sensors.reading import (
    Lookup,
    Reading,
    Unreadable,
    is_there,
    read_int,
    read_text,
    watts,
)


class Battery:
    """The power of all batteries that are discharging; while none is, there is no reading."""

    name = "battery"
    covers = "the whole machine, only while it runs on its battery"
    period_s = SYSFS_PERIOD_S

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._batteries = Lookup(self._find)

    def absence(self) -> str:
        """Say why there is no battery."""
        return self._batteries.absence()

    def read(self) -> Reading:
        """Return watts."""
        return self._batteries.read(self._measure)

    def _measure(self, batteries: tuple[Path, ...]) -> Reading:
        states = {folder: read_text(folder / "status") for folder in batteries}
        giving = [folder for folder, state in states.items() if state == "Discharging"]
        if not giving:
            said = ", ".join(sorted(set(states.values())))[:60]
            return Reading(None, f"the battery is not discharging ({said or 'no status'})")
        power_w = sum(_watts(folder) for folder in giving)
        if power_w == 0:
            raise Unreadable("the battery is discharging and reports 0 W")
        return watts(power_w, "the battery")

    def _find(self) -> tuple[Path, ...]:
        supplies = sorted(self._root.glob("sys/class/power_supply/*"))
        batteries = tuple(folder for folder in supplies if _is_of_machine(folder))
        if not batteries:
            raise Unreadable("no battery in /sys/class/power_supply")
        return batteries


def _watts(folder: Path) -> float:
    """Return a battery's power; some drivers give a discharge a minus sign."""
    if is_there(folder / "power_now"):
        return abs(read_int(folder / "power_now")) * 1e-6
    return abs(read_int(folder / "current_now")) * read_int(folder / "voltage_now") * 1e-12


def _is_of_machine(folder: Path) -> bool:
    """Tell a battery of the machine from a charger and from the battery of a mouse."""
    try:
        if read_text(folder / "type") != "Battery":
            return False
        return not is_there(folder / "scope") or read_text(folder / "scope") != "Device"
    except Unreadable:
        return False
