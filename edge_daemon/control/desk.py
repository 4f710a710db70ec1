"""Where threads leave their requests: they are met between two blocks of audio, in turn."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from edge_daemon.control.messages import Answer, Request

_LOG = logging.getLogger(__name__)

Reply: TypeAlias = Callable[[Answer], object]
"""Is told what became of a request, in the main loop; it must not wait for anything."""

MOST_WAITING = 64
"""Requests at a time; who floods the daemon is told so."""


def tell(reply: Reply, answer: Answer) -> None:
    """Answer a request; a mistake of the one who asked must not make the daemon deaf."""
    try:
        reply(answer)
    except Exception:
        _LOG.exception("an answer could not be handed on")


class Desk:
    """Takes requests from any thread, without waiting."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Request, Reply]] = deque()

    def submit(self, request: Request, reply: Reply) -> None:
        """Leave a request; ``reply`` is called later, in the thread of the main loop.

        Where too many wait it is called at once, with a refusal.
        """
        if len(self._waiting) >= MOST_WAITING:
            reply(Answer(ok=False, problems=["too many requests wait; try again"]))
            return
        self._waiting.append((request, reply))

    def take(self) -> list[tuple[Request, Reply]]:
        """Return what waits by now."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
