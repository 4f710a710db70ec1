"""Chips that measure a supply's power and show it as hwmon's power1_input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge_daemon.telemetry.sensors.meter import SYSFS_PERIOD_S
from edge_daemon.telemetry.sensors.reading import (
    Lookup,
    Reading,
    Unreadable,
    check_readable,
    read_int,
    text_or_nothing,
    watts,
)

_CHIPS = frozenset(
    f"ina{number}" for number in (209, 219, 220, 226, 228, 230, 231, 237, 238, 260, 700, 780)
)
"""By name: graphics cards, batteries and power supplies have a power1_input as well."""
_THOR = "ina238"
_INPUT_LABELS = frozenset(("VIN", "VDD_IN", "INPUT", "TOTAL", "5V_IN"))
_LABELS = ("power1_label", "label", "in1_label")
"""The driver's, the device tree's, and those of a driver that labels only its voltages."""


@dataclass(frozen=True, slots=True)
class _Chip:
    name: str
    label: str
    power: Path


class HwmonPower:
    """An INA219, INA226, INA260 or the like; Jetson Thor's INA238 measures its input VIN."""

    period_s = SYSFS_PERIOD_S

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._chip = Lookup(self._find)

    @property
    def name(self) -> str:
        """The chip and its label."""
        if self.absence():
            return "hwmon"
        chip = self._chip.get()
        return f"{chip.name.upper()} {chip.label}".strip()

    @property
    def covers(self) -> str:
        """What the chip is wired to, which only the builder knows."""
        if self.absence():
            return "nothing"
        chip = self._chip.get()
        if chip.name == _THOR and _is_tegra(self._root):
            return "the whole board, at its input"
        return f"the supply that the {self.name} is wired to"

    def absence(self) -> str:
        """Say why there is no such chip."""
        return self._chip.absence()

    def read(self) -> Reading:
        """Return watts."""
        return self._chip.read(lambda chip: watts(read_int(chip.power) * 1e-6, chip.name))

    def _find(self) -> _Chip:
        chips = _chips(self._root)
        inputs = [chip for chip in chips if chip.label.upper() in _INPUT_LABELS]
        chosen = inputs or chips
        if not chosen:
            raise Unreadable("no power monitor (INA219, INA226, INA260, …) in /sys/class/hwmon")
        if len(chosen) > 1:
            names = ", ".join(f"{chip.name} {chip.label}".strip() for chip in chosen)
            raise Unreadable(
                f"{len(chosen)} power monitors ({names}) and which is the input is not said: "
                f"give that one the label VIN in the device tree"
            )
        check_readable(chosen[0].power)
        return chosen[0]


def _chips(root: Path) -> list[_Chip]:
    found = []
    for power in sorted(root.glob("sys/class/hwmon/hwmon*/power1_input")):
        name = text_or_nothing(power.parent / "name")
        if name in _CHIPS:
            labels = (text_or_nothing(power.parent / file) for file in _LABELS)
            found.append(_Chip(name, next(filter(None, labels), ""), power))
    return found


def _is_tegra(root: Path) -> bool:
    return "nvidia,tegra" in text_or_nothing(root / "proc/device-tree/compatible")
