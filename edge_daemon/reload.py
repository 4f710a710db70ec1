"""Builds what another configuration describes, beside the listening."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeAlias

from edge_daemon.control import Answer, tell
from edge_daemon.errand import Errand
from edge_daemon.errors import ConfigError, EdgeDaemonError
from edge_daemon.parts import Parts

_LOG = logging.getLogger(__name__)

Reply: TypeAlias = Callable[[Answer], object]


class Reload:
    """One reading of the configuration, and the building of its parts, in a thread of its own."""

    def __init__(self, build: Callable[[], Parts], replies: list[Reply]) -> None:
        self.parts: Parts | None = None
        """What was built; None where it was refused."""
        self.problems: list[str] = []
        """Why it was refused."""
        self._build = build
        self._replies = replies
        self._errand: Errand[None] | None = None
        try:
            self._errand = Errand(self._work, "edge-reload")
        except OSError as error:  # the limit of tasks is reached
            self.problems = [f"{error}; try again later"]

    @property
    def is_over(self) -> bool:
        """There are parts, or problems."""
        return self._errand is None or self._errand.is_over

    def wait(self, timeout_s: float) -> None:
        """Wait until it is over, but no longer than this."""
        if self._errand:
            self._errand.wait(timeout_s)

    def answer(self) -> None:
        """Tell those who wished for it what became of it."""
        for reply in self._replies:
            tell(reply, Answer(ok=self.parts is not None, problems=self.problems))

    def _work(self) -> None:
        try:
            self.parts = self._build()
        except ConfigError as error:
            self.problems = [f"{error.where}: {problem}" for problem in error.problems]
        except (EdgeDaemonError, OSError) as error:
            self.problems = [str(error)]
        except Exception as error:  # a mistake in here must not make the daemon deaf
            _LOG.exception("reload: an error that is not foreseen")
            self.problems = [f"{type(error).__name__}: {error}"]


class Reloads:
    """Takes wishes for a reload; those that come during one are met by another after it.

    Parameters
    ----------
    build : callable
        Reads the configuration and builds its parts; what it raises is why nothing changes.
    """

    def __init__(self, build: Callable[[], Parts]) -> None:
        self._build = build
        self._is_wished = False
        self._replies: list[Reply] = []
        self._running: Reload | None = None

    def wish(self, reply: Reply | None = None) -> None:
        """Ask for a reload; ``reply`` is told what became of it."""
        self._is_wished = True
        if reply:
            self._replies.append(reply)

    def begin(self) -> bool:
        """Begin one if it is wished and none goes on; tell whether it has begun."""
        if self._running or not self._is_wished:
            return False
        self._running = Reload(self._build, self._replies)
        self._is_wished, self._replies = False, []
        return True

    def stop(self, timeout_s: float) -> None:
        """Wait for the one that goes on, but no longer than this; nothing comes of it."""
        if self._running:
            self._running.wait(timeout_s)
            if self._running.parts:
                self._running.parts.close()

    def ended(self) -> Reload | None:
        """Return the one that has ended, once."""
        if self._running is None or not self._running.is_over:
            return None
        ended, self._running = self._running, None
        return ended
