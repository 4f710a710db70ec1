"""Which processor this is: what was measured on one holds for no other."""

from __future__ import annotations

import platform
from pathlib import Path

_CPU_KEYS = ("model name", "CPU implementer", "CPU part", "CPU variant")
"""Of /proc/cpuinfo; x86 has the first, Arm the others."""
_NAMES = ("model name", "Model", "Hardware")
"""Of x86, of a Raspberry Pi, of older Arm boards."""


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the architecture and the kinds of cores that the machine has."""
    kinds = sorted({f"{k} {v}" for k, v in told(cpuinfo) if k in _CPU_KEYS})
    return ", ".join([platform.machine(), *kinds])


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor or the board, as far as the system tells."""
    values = dict(told(cpuinfo))
    return next((values[key] for key in _NAMES if values.get(key)), "unknown processor")


def told(cpuinfo: Path) -> list[tuple[str, str]]:
    """Return the keys and values of all cores; none where the file cannot be read."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return []
    return [(k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines)]
