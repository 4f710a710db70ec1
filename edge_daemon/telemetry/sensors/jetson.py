"""NVIDIA Jetson: the INA3221 on the module, whose channels are told by label."""

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
    read_text,
    watts,
)

_INPUTS = ("VDD_IN", "POM_5V_IN", "5V_IN", "VIN")
"""What the whole module draws; every other rail hangs on it."""
_SIDE_BY_SIDE = (
    ("VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"),
    ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"),
)
"""AGX Orin and AGX Xavier have no input rail: these hang on none of each other.

AGX Orin's VDDQ_VDD2_1V8AO hangs on VIN_SYS_5V0.
"""
_CHANNELS = (
    ("sys/bus/i2c/drivers/ina3221/*/hwmon/hwmon*/in[1-3]_label", "in{}_input", "curr{}_input"),
    (
        "sys/bus/i2c/drivers/ina3221x/*/iio:device*/rail_name_[0-2]",
        "in_voltage{}_input",
        "in_current{}_input",
    ),
)
"""Labels, millivolts, milliamperes: JetPack 5 and 6 (hwmon), JetPack 4 (iio).

The chip has three channels; hwmon's in4 to in6 are shunts, in7 is "sum of shunt voltages".
"""


@dataclass(frozen=True, slots=True)
class _Rail:
    label: str
    millivolts: Path
    milliamperes: Path

    def watts(self) -> float:
        return read_int(self.millivolts) * read_int(self.milliamperes) * 1e-6


class JetsonRails:
    """The input rail of a Jetson; where the module has none, the rails side by side."""

    period_s = SYSFS_PERIOD_S

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._rails = Lookup(self._find)

    @property
    def name(self) -> str:
        """The chip and the rails."""
        return f"INA3221 {self._labels()}".strip()

    @property
    def covers(self) -> str:
        """The whole module, or the rails that are added."""
        labels = self._labels()
        if " + " in labels:
            return f"the rails {labels}; the module has no meter at its input"
        return "the whole module"

    def absence(self) -> str:
        """Say why there is no such rail."""
        return self._rails.absence()

    def read(self) -> Reading:
        """Return watts."""
        return self._rails.read(lambda rails: watts(sum(r.watts() for r in rails), "the INA3221"))

    def _labels(self) -> str:
        return "" if self.absence() else " + ".join(rail.label for rail in self._rails.get())

    def _find(self) -> tuple[_Rail, ...]:
        rails = _labelled(self._root)
        for wanted in (*((label,) for label in _INPUTS), *_SIDE_BY_SIDE):
            if all(label in rails for label in wanted):
                found = tuple(rails[label] for label in wanted)
                for rail in found:
                    check_readable(rail.millivolts)
                    check_readable(rail.milliamperes)
                return found
        if rails:
            raise Unreadable(f"no rail of the INA3221 is the input: {', '.join(sorted(rails))}")
        raise Unreadable("no INA3221 of a Jetson")


def _labelled(root: Path) -> dict[str, _Rail]:
    rails = {}
    for labels, millivolts, milliamperes in _CHANNELS:
        for path in sorted(root.glob(labels)):
            channel = path.name.removeprefix("in").removeprefix("rail_name_")[0]
            try:
                label = read_text(path)
            except Unreadable:
                continue
            folder = path.parent
            rails[label] = _Rail(
                label, folder / millivolts.format(channel), folder / milliamperes.format(channel)
            )
    return rails
