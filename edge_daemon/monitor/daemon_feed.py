"""News of the running daemon, through its control socket."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from edge_daemon.control.client import ask, follow
from edge_daemon.control.messages import Mute, Unmute
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.events import Event
from edge_daemon.monitor.feed import Lost, Put, Refused

RETRY_S = 1.0
_ANSWER_WITHIN_S = 5.0


class DaemonFeed:
    """Follows the daemon at the first of these sockets that has one, and looks for it again.

    Parameters
    ----------
    paths : sequence of Path
    retry_s : float
        Time from the loss of a daemon to the next look.
    """

    name = "the running daemon"

    def __init__(self, paths: Sequence[Path], retry_s: float = RETRY_S) -> None:
        self._paths = paths
        self._retry_s = retry_s
        self._stopped = threading.Event()
        self._put: Put = lambda _news: None

    def start(self, put: Put) -> None:
        """Begin to follow."""
        self._put = put
        threading.Thread(target=self._keep_following, name="monitor-follow", daemon=True).start()

    def set_muted(self, muted: bool) -> None:
        """Ask the daemon, in a thread: it answers between two blocks."""
        asking = threading.Thread(target=self._ask, args=(muted,), name="monitor-ask", daemon=True)
        asking.start()

    def stop(self) -> None:
        """Look for no daemon any more."""
        self._stopped.set()

    def _keep_following(self) -> None:
        while not self._stopped.is_set():
            self._put(Lost(self._follow()))
            self._stopped.wait(self._retry_s)

    def _follow(self) -> str:
        """Put what the daemon tells, until it is lost; return why it is."""
        try:
            for told in follow(self._paths, live=True):
                event = _event_of(told)
                if event is not None:
                    self._put(event)
        except EdgeDaemonError as error:
            return str(error)
        except Exception as error:  # the screen is to say it, and the next try may go well
            return f"{type(error).__name__}: {error}"
        return "the daemon has hung up"

    def _ask(self, muted: bool) -> None:
        try:
            answer = ask(self._paths, Mute() if muted else Unmute(), _ANSWER_WITHIN_S)
        except EdgeDaemonError as error:
            self._put(Refused(str(error)))
        else:
            if not answer.ok:
                self._put(Refused("; ".join(answer.problems)))


def _event_of(told: Mapping[str, Any]) -> Event | None:
    """Return what was told; None for what a newer daemon tells, and this monitor cannot show."""
    try:
        return msgspec.convert(told, Event)  # type: ignore[no-any-return]
    except msgspec.ValidationError:
        return None
