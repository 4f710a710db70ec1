"""Makes a float model smaller, proves it on data, or keeps the original.

    model -> convert -> prepare -> methods, searched -> measured against the original -> gate
    data  -> calibration ------------^                    ^ evaluation

Offline: the daemon imports nothing of it, and has the command do it in a process of its own.
Importing the package alone loads nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_daemon.quantize.gate import Gate, Stats, should_quantize
    from edge_daemon.quantize.result import QuantizationResult
    from edge_daemon.quantize.run import quantize
    from edge_daemon.quantize.settings import Settings

__all__ = ["Gate", "QuantizationResult", "Settings", "Stats", "quantize", "should_quantize"]

_MODULES = {
    "Gate": "gate", "Stats": "gate", "should_quantize": "gate", "QuantizationResult": "result",
    "quantize": "run", "Settings": "settings",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a name when it is asked for."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
