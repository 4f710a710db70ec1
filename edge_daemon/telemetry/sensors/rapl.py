"""x86: the processor counts its energy (RAPL), Intel's and AMD's alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_daemon.telemetry.sensors.meter import SYSFS_PERIOD_S
from edge_daemon.telemetry.sensors.permissions import SENSORS_GROUP, fix_for
from edge_daemon.telemetry.sensors.reading import (
    Lookup,
    Reading,
    Unreadable,
    check_readable,
    read_int,
    text_or_nothing,
    watts,
)

_ZONES = "sys/class/powercap/intel-rapl:*"
"""AMD's are named so too; intel-rapl-mmio:* shows the same packages a second time."""
_MOST_W = 1000.0
"""No package draws more. What looks like more is a counter that began anew, as after a suspend;
and in a time in which so much would fill the counter, it may have wrapped more than once."""


@dataclass(frozen=True, slots=True)
class _Zone:
    name: str
    energy: Path
    range_uj: int

    def uj_since(self, before_uj: int, now_uj: int) -> int:
        """Return the difference; the counter wraps about once an hour under full load."""
        return now_uj - before_uj + (self.range_uj if now_uj < before_uj else 0)


@dataclass(slots=True)
class _Counters:
    zones: tuple[_Zone, ...]
    before: tuple[float, list[int]] | None = field(default=None)
    """When they were read last, and what they held in microjoules."""


class Rapl:
    """The mean power of all processor packages since the read before.

    Only zones named `package-N`: cores, graphics and memory controller are in it, `psys` is around
    it, and `dram` is not the processor's.
    """

    name = "RAPL"
    covers = "the processor packages; not memory, disks, power supply"
    period_s = SYSFS_PERIOD_S

    def __init__(self, root: Path = Path("/"), clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._counters = Lookup(self._find)

    def absence(self) -> str:
        """Say why there are no counters, or who may read them."""
        return self._counters.absence()

    def read(self) -> Reading:
        """Return watts; None at the first time."""
        return self._counters.read(self._measure)

    def _measure(self, counters: _Counters) -> Reading:
        now_s, now = self._clock(), [read_int(zone.energy) for zone in counters.zones]
        before, counters.before = counters.before, (now_s, now)
        if before is None:
            return Reading(None, "first reading of an energy counter")
        elapsed_s = now_s - before[0]
        shortest_range_uj = min(zone.range_uj for zone in counters.zones)
        if not 0 < elapsed_s <= shortest_range_uj * 1e-6 / _MOST_W:
            return Reading(None, f"the reading before was {elapsed_s:.0f} s ago")
        zones = zip(counters.zones, before[1], now, strict=True)
        power_w = [zone.uj_since(a, b) * 1e-6 / elapsed_s for zone, a, b in zones]
        if not all(0 <= w <= _MOST_W for w in power_w):
            return Reading(None, "the energy counter jumped, as after a suspend")
        if sum(power_w) == 0:
            return Reading(None, "the energy counter stands still")
        return watts(sum(power_w), self.name)

    def _find(self) -> _Counters:
        zones: dict[str, _Zone] = {}
        for folder in sorted(self._root.glob(_ZONES)):
            name = text_or_nothing(folder / "name")
            if name.startswith("package-") and name not in zones:
                energy = folder / "energy_uj"
                check_readable(
                    energy, f"since CVE-2020-8694 only root may; {fix_for(SENSORS_GROUP)}"
                )
                zones[name] = _Zone(name, energy, read_int(folder / "max_energy_range_uj"))
        if not zones:
            raise Unreadable("no RAPL: no package zone in /sys/class/powercap")
        return _Counters(tuple(zones.values()))
