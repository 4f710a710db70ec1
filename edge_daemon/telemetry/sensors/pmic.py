"""Raspberry Pi 5: the power management chip measures the rails that it makes."""

from __future__ import annotations

import math
import re
from pathlib import Path

from edge_daemon.telemetry.sensors.meter import COMMAND_PERIOD_S
from edge_daemon.telemetry.sensors.reading import (
    Lookup,
    Reading,
    Unreadable,
    is_there,
    read_text,
    watts,
)
from edge_daemon.telemetry.sensors.vcgencmd import Vcgencmd

_CHIP = "brcm,bcm2712"
"""The processor of the Raspberry Pi 5, 500 and Compute Module 5."""
_QUESTION = "pmic_read_adc"
_LINE = re.compile(r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=([^\s=]+)[AV]\s*$", re.MULTILINE)
"""Such as ` VDD_CORE_A current(7)=0.75012000A`; rails are paired by name, not by number."""


class PiPmic:
    """The sum over all rails that have a current and a voltage."""

    name = "Raspberry Pi 5 PMIC"
    covers = (
        "the rails that the PMIC makes; not the 5 V input, so neither USB devices, "
        "nor what hangs on the 5 V pins, nor the losses of the PMIC"
    )
    period_s = COMMAND_PERIOD_S

    def __init__(self, root: Path = Path("/"), vcgencmd: Vcgencmd | None = None) -> None:
        self._root = root
        self._firmware = vcgencmd or Vcgencmd(root)
        self._there = Lookup(self._find)

    def absence(self) -> str:
        """Say why there is no such chip, or why it may not be asked."""
        return self._there.absence()

    def read(self) -> Reading:
        """Return watts."""
        return self._there.read(lambda there: watts(_sum(there.ask(_QUESTION)), self.name))

    def _find(self) -> Vcgencmd:
        if why := self._firmware.absence():
            raise Unreadable(why)
        tree = self._root / "proc/device-tree/compatible"
        if is_there(tree) and _CHIP not in read_text(tree):
            raise Unreadable("no PMIC that measures currents: only a Raspberry Pi 5 has one")
        return self._firmware


def _sum(answer: str) -> float:
    rails: dict[str, dict[str, float]] = {"A": {}, "V": {}}
    for rail, unit, text in _LINE.findall(answer):
        try:
            rails[unit][rail] = float(text)
        except ValueError:
            raise Unreadable(f"vcgencmd {_QUESTION}: {rail}_{unit} is {text!r}") from None
    paired = rails["A"].keys() & rails["V"].keys()
    if not paired:
        raise Unreadable(f"vcgencmd {_QUESTION} names no rail with a current and a voltage")
    total = 0.0
    for rail in sorted(paired):
        power = rails["A"][rail] * rails["V"][rail]
        if math.isnan(power):
            # A sum without it would be too low and look right.
            raise Unreadable(f"vcgencmd {_QUESTION}: {rail} is not a number")
        total += power
    return total
