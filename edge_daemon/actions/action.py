"""What an action is: the one protocol that commands, webhooks and logs share."""

from __future__ import annotations

from typing import Protocol

from edge_daemon.types import Detection


class Job(Protocol):
    """A run that has started and not yet ended; only the worker's thread touches it."""

    def poll(self) -> bool:
        """Move on by one step and return True once the run has ended well.

        Raises
        ------
        ActionError
            The run has failed; it is over.
        """

    def cancel(self) -> None:
        """Ask the run to end, without waiting; a second call forces it."""


class Action(Protocol):
    """What is done when a word is heard."""

    def run(self, detection: Detection) -> Job | None:
        """Begin; None means that everything is done already.

        Raises
        ------
        ActionBusyError
            Too many runs of this action are still going on.
        ActionError
            It could not begin, or has failed at once.
        """
