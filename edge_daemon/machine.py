"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from edge_daemon.processor import processor_name

_PACKAGES = ("edge-daemon", "onnxruntime", "onnx", "numpy")


def machine() -> dict[str, str]:
    """Return processor, system and versions, by name."""
    return {
        "processor": f"{processor_name()}, {platform.machine()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        **versions(),
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that the figures depend on, by name."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
