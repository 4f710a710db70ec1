"""Where the control socket is."""

from __future__ import annotations

import os
from pathlib import Path

from edge_daemon.config import ControlConfig

NAME = "control.sock"
SERVICE_FOLDER = Path("/run/edge-daemon")
"""systemd's RuntimeDirectory= of the unit."""


def socket_path(config: ControlConfig) -> Path | None:
    """Return where the daemon opens its socket; None where it has no place for one."""
    if not config.enabled:
        return None
    if config.path is not None:
        return Path(config.path)
    given = os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    folder = Path(given) if given else _folder_of_the_user()
    return folder / NAME if folder else None


def sockets_to_try(config: ControlConfig) -> list[Path]:
    """Return where a client looks for the daemon, the likeliest first."""
    own = socket_path(config)
    named = config.path is not None or not config.enabled
    candidates = [own] if named else [own, SERVICE_FOLDER / NAME]
    return list(dict.fromkeys(path for path in candidates if path))


def _folder_of_the_user() -> Path | None:
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(folder, "edge-daemon") if os.path.isabs(folder) else None
