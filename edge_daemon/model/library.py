"""onnxruntime, which is imported here and nowhere else: it has to be told something before.

From 1.29 on it writes a device id, starts a thread and uploads, unless this stands in the
environment at its import.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
os.environ.pop("ORT_LOAD_CONFIG_FROM_MODEL", None)  # else a model's metadata sets options

import onnxruntime

__all__ = ["onnxruntime"]
