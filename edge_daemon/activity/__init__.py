"""Whether anything can be heard at all: the gate before front end and model."""

from __future__ import annotations

from edge_daemon.activity.gate import ActivityFigures, Gate

__all__ = ["ActivityFigures", "Gate"]
