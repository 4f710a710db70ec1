"""Every error that edge_daemon raises on purpose.

    EdgeDaemonError
    ├── ConfigError (ValueError)      bad configuration; exit 78
    ├── ModelError (ValueError)       a model file that cannot be served; exit 78
    ├── AudioError (OSError)          a source that cannot be opened or read
    │   └── AudioLost                 a source that worked and then went silent
    │       └── AudioGone             lost for so long that a fresh start is due; exit 75
    ├── ControlError (OSError)        a running daemon that cannot be asked
    ├── ActionError (RuntimeError)    an action that failed; logged and counted, never fatal
    │   └── ActionBusyError           an action that was not begun, because enough of it run
    └── MissingDependency (ImportError)  an optional part that is not installed

A message says what is wrong, where, with which value, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sized


def count_of(problems: Sized) -> str:
    """Return how many there are, in words."""
    return "1 problem" if len(problems) == 1 else f"{len(problems)} problems"


class EdgeDaemonError(Exception):
    """Root of the tree; the command line prints it as one message without a traceback."""


class ConfigError(EdgeDaemonError, ValueError):
    """The configuration is wrong; ``problems`` holds one line for each mistake found."""

    def __init__(self, problems: list[str], where: str = "configuration") -> None:
        self.problems = problems
        self.where = where
        super().__init__(
            "\n".join([f"{where}: {count_of(problems)}", *(f"  {p}" for p in problems)])
        )


class ModelError(EdgeDaemonError, ValueError):
    """A model file is missing, damaged, or at odds with its own metadata."""


class AudioError(EdgeDaemonError, OSError):
    """An audio source cannot be opened or read."""


class AudioLost(AudioError):
    """A source that delivered audio has stopped doing so."""


class AudioGone(AudioLost):
    """Lost for so long that the service manager had better start the daemon afresh."""


class ControlError(EdgeDaemonError, OSError):
    """A running daemon cannot be asked, or what it was asked is no request."""


class ActionError(EdgeDaemonError, RuntimeError):
    """An action failed; the daemon logs it, counts it and goes on."""


class ActionBusyError(ActionError):
    """An action refused a detection because too many of its runs are still going on."""


class MissingDependency(EdgeDaemonError, ImportError):
    """A library or system package that this feature needs is not installed."""
