"""What all power meters have in common."""

from __future__ import annotations

from typing import Protocol

from edge_daemon.telemetry.sensors.reading import Reading

SYSFS_PERIOD_S = 0.1
"""A file of sysfs costs some microseconds; the chips take their mean over about so long."""
COMMAND_PERIOD_S = 5.0
"""A command costs a millisecond and more."""


class PowerMeter(Protocol):
    """One way of measuring power; none of the methods raises."""

    @property
    def name(self) -> str:
        """Which meter it is."""

    @property
    def covers(self) -> str:
        """What it measures, and what it does not."""

    @property
    def period_s(self) -> float:
        """The least time between two readings that is worth what they cost."""

    def absence(self) -> str:
        """Say why it cannot be read; empty if it can. Never waits for hardware."""

    def read(self) -> Reading:
        """Return watts now, or their mean since the read before where energy is counted."""
