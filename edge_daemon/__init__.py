"""An always-on voice-command daemon for small Linux machines.

Examples
--------
>>> from edge_daemon import Pipeline
>>> pipeline = Pipeline.load("builtin:commands")
>>> pipeline.process(np.zeros(16000, np.int16))  # mono, 16 kHz; a list of Detection
[]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_daemon.pipeline import Pipeline as Pipeline
    from edge_daemon.types import Detection as Detection

__all__ = ["Detection", "Pipeline"]
__version__ = "0.1.0"

_HOMES = {"Pipeline": "edge_daemon.pipeline", "Detection": "edge_daemon.types"}


def __getattr__(name: str) -> Any:
    """Import numpy and onnxruntime only once somebody wants them: ``--help`` does not."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
