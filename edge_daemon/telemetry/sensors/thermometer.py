"""How hot the processor is."""

from __future__ import annotations

import re
from pathlib import Path

from edge_daemon.telemetry.sensors.reading import (
    Lookup,
    Reading,
    Unreadable,
    read_int,
    text_or_nothing,
    within,
)

_OF_CHIP = re.compile(r"cpu|soc|gpu|core|pkg|^tj", re.IGNORECASE)
"""Types of zones: cpu-thermal, CPU-therm, soc0-thermal, tj-thermal, x86_pkg_temp, TCPU, …

Not PMIC-Die, which stands at 100 °C on older Jetsons, nor Tboard, acpitz, iwlwifi_1.
"""
_DRIVERS = ("coretemp", "k10temp", "zenpower", "cpu_thermal")
_LOWEST_C, _HIGHEST_C = -50.0, 150.0


class Thermometer:
    """The hottest zone of the processor's chip, in °C."""

    period_s = 5.0

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._files = Lookup(self._find)

    def absence(self) -> str:
        """Say why there is no thermometer."""
        return self._files.absence()

    def read(self) -> Reading:
        """Return °C."""
        return self._files.read(_hottest)

    def _find(self) -> tuple[Path, ...]:
        files = tuple(self._zones()) or tuple(self._chips())
        if not files:
            raise Unreadable(
                "no thermometer of the processor in /sys/class/thermal or /sys/class/hwmon"
            )
        return files

    def _zones(self) -> list[Path]:
        zones = sorted(self._root.glob("sys/class/thermal/thermal_zone*/type"))
        return [path.with_name("temp") for path in zones if _OF_CHIP.search(text_or_nothing(path))]

    def _chips(self) -> list[Path]:
        names = sorted(self._root.glob("sys/class/hwmon/hwmon*/name"))
        folders = [path.parent for path in names if text_or_nothing(path) in _DRIVERS]
        return [file for folder in folders for file in sorted(folder.glob("temp*_input"))]


def _hottest(files: tuple[Path, ...]) -> Reading:
    """Take the hottest of those that answer: a Jetson's zone of a part that is off does not."""
    hottest, why = None, ""
    for file in files:
        try:
            value = within(read_int(file) / 1000, _LOWEST_C, _HIGHEST_C, f"{file} in °C").value
        except Unreadable as error:
            why = str(error)
            continue
        if value is not None and (hottest is None or value > hottest):
            hottest = value
    if hottest is None:
        raise Unreadable(why)
    return Reading(hottest)
