"""Where the daemon keeps what outlives a start: verdicts on models, engines of TensorRT."""

from __future__ import annotations

import os
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError


def state_directory() -> Path:
    """Return systemd's state directory, else that of the user; it may not exist yet.

    Raises
    ------
    EdgeDaemonError
        When there is neither.
    """
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given)
    home = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(home):
        return Path(home, "edge-daemon")
    try:
        return Path.home() / ".local" / "state" / "edge-daemon"
    except RuntimeError as error:
        raise EdgeDaemonError(f"no state directory: {error}; set STATE_DIRECTORY") from None
