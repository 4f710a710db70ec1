"""A way in or out beside the control socket, and what it may use of the daemon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from edge_daemon.control.desk import Desk
from edge_daemon.events import Events
from edge_daemon.telemetry import Telemetry


class Connection(Protocol):
    """A way in or out, with threads of its own where it needs some.

    Its constructor checks what can be checked without any traffic, and raises ConfigError or
    MissingDependency.
    """

    def start(self) -> None:
        """Begin; what may pass, such as a broker that is away, is tried again by itself.

        Raises
        ------
        EdgeDaemonError
            It cannot begin, as when an address is taken.
        """

    def stop(self, timeout_s: float) -> None:
        """End within this time; also after a start that failed."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What a connection may use of the daemon; all of it from any thread."""

    desk: Desk
    """Takes requests; their answers come in the main loop."""
    events: Events
    telemetry: Telemetry
    """To be read only: counts and histograms as they are."""
