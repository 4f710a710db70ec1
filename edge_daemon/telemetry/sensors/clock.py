"""How fast the processor runs."""

from __future__ import annotations

import re
from pathlib import Path

from edge_daemon.telemetry.sensors.reading import Lookup, Reading, Unreadable, read_int, within

_MHZ = re.compile(r"^cpu MHz\s*:\s*([0-9.]+)\s*$", re.MULTILINE)
_HIGHEST_HZ = 20e9


class CpuClock:
    """The clock of the fastest core in Hz, as cpufreq set it.

    A Raspberry Pi's firmware may run it slower; `Throttling` says so.
    """

    period_s = 5.0

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._files = Lookup(self._find)

    def absence(self) -> str:
        """Say why the clock is not known."""
        return self._files.absence()

    def read(self) -> Reading:
        """Return Hz."""
        return self._files.read(_fastest)

    def _find(self) -> tuple[Path, ...]:
        policies = "sys/devices/system/cpu/cpufreq/policy*/scaling_cur_freq"
        if files := tuple(sorted(self._root.glob(policies))):
            return files
        # a virtual machine has no cpufreq
        cpuinfo = self._root / "proc/cpuinfo"
        if not _mhz(cpuinfo):
            raise Unreadable("no cpufreq in /sys/devices/system/cpu, no MHz in /proc/cpuinfo")
        return (cpuinfo,)


def _fastest(files: tuple[Path, ...]) -> Reading:
    if files[0].name == "cpuinfo":
        return _clock(max(_mhz(files[0]), default=0.0) * 1e6, files[0])
    khz, path = max((read_int(path), path) for path in files)
    return _clock(khz * 1e3, path)


def _clock(hz: float, path: Path) -> Reading:
    return within(hz, 1.0, _HIGHEST_HZ, f"the clock in {path} in Hz")


def _mhz(cpuinfo: Path) -> list[float]:
    try:
        # longer than a page, so not read_text
        text = cpuinfo.read_text(errors="replace")
        return [float(mhz) for mhz in _MHZ.findall(text)]
    except (OSError, ValueError):
        return []
