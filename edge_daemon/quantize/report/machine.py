"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("edge-daemon", "onnxruntime", "onnx", "numpy")
_CPU_NAMES = ("model name", "Model", "Hardware")
"""In /proc/cpuinfo: of x86, of a Raspberry Pi, of older Arm boards."""


def machine() -> dict[str, str]:
    """Return processor, system and versions, by name."""
    return {
        "processor": f"{processor()}, {platform.machine()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: _version(name) for name in _PACKAGES},
    }


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of the processor or the board, as far as the system tells."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return "unknown processor"
    told = {key.strip(): value.strip() for key, _, value in (x.partition(":") for x in lines)}
    return next((told[key] for key in _CPU_NAMES if told.get(key)), "unknown processor")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
