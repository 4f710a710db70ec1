"""Telemetry: what the daemon counts and measures about itself, at the side of the stages."""

from edge_daemon.telemetry.histogram import Histogram
from edge_daemon.telemetry.process import ProcessMeter, ProcessUsage
from edge_daemon.telemetry.summary import Interval, Snapshot, Telemetry, text_of
from edge_daemon.telemetry.timers import StageTimer

__all__ = [
    "Histogram",
    "Interval",
    "ProcessMeter",
    "ProcessUsage",
    "Snapshot",
    "StageTimer",
    "Telemetry",
    "text_of",
]
