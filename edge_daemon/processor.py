"""Which processor this is: what was measured on one holds for no other."""

from __future__ import annotations

import platform
from pathlib import Path

_CPU_KEYS = ("model name", "CPU implementer", "CPU part", "CPU variant")
"""Of /proc/cpuinfo; x86 has the first, Arm the others."""


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the architecture and the kinds of cores that the machine has."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    pairs = [(k.strip(), v.strip()) for k, _, v in (line.partition(":") for line in lines)]
    kinds = sorted({f"{k} {v}" for k, v in pairs if k in _CPU_KEYS})
    return ", ".join([platform.machine(), *kinds])
