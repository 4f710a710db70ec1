"""The newest that is known of the daemon: what it answers now, and what it told last."""

from __future__ import annotations

import logging
import threading
from typing import Any

from edge_daemon.control.desk import Desk
from edge_daemon.control.messages import Answer, Status
from edge_daemon.events import Event, Summary
from edge_daemon.telemetry import Snapshot

_LOG = logging.getLogger(__name__)

ANSWERED_WITHIN_S = 3.0
"""The main loop answers between two blocks; Prometheus waits for 10 s unless told otherwise."""


class Newest:
    """Asks and follows the daemon for whoever fetches figures.

    Parameters
    ----------
    desk : Desk
    within_s : float
        How long an answer is waited for.
    """

    def __init__(self, desk: Desk, within_s: float = ANSWERED_WITHIN_S) -> None:
        self._desk = desk
        self._within_s = within_s
        self.summary: Snapshot | None = None
        """The figures of the newest interval; None before the first has ended."""

    def take(self, event: Event) -> None:
        """Keep what an event tells; in the thread of the main loop."""
        if isinstance(event, Summary):
            self.summary = event.figures  # type: ignore[assignment]  # JSON has no TypedDict

    def status(self) -> dict[str, Any] | None:
        """Return the daemon's status, the counts taken over; None when it does not answer.

        Waits, so it is not for the main loop.
        """
        answers: list[Answer] = []
        is_answered = threading.Event()

        def reply(answer: Answer) -> None:
            answers.append(answer)
            is_answered.set()

        self._desk.submit(Status(), reply)
        if not is_answered.wait(self._within_s):
            _LOG.warning("the daemon has not told its state within %g s", self._within_s)
            return None
        return answers[0].data
