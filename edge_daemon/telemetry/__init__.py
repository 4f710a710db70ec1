"""Telemetry: what the daemon counts and measures about itself, at the side of the stages."""

from edge_daemon.telemetry.histogram import Histogram
from edge_daemon.telemetry.logbook import Logbook
from edge_daemon.telemetry.process import ProcessMeter, ProcessUsage
from edge_daemon.telemetry.snapshot import Snapshot
from edge_daemon.telemetry.summary import Interval, Telemetry, line_of
from edge_daemon.telemetry.text import text_of
from edge_daemon.telemetry.timers import StageTimer

__all__ = [
    "Histogram",
    "Interval",
    "Logbook",
    "ProcessMeter",
    "ProcessUsage",
    "Snapshot",
    "StageTimer",
    "Telemetry",
    "line_of",
    "text_of",
]
