"""The whole of ``edge-daemon serve --wyoming``, from the configuration to the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from edge_daemon.config import Config, check_permissions, named
from edge_daemon.systemd import log_handler
from edge_daemon.wyoming.place import Place
from edge_daemon.wyoming.server import Server
from edge_daemon.wyoming.service import Service

_LOG = logging.getLogger(__name__)


def serve(
    config: Config, path: Path | None, place: Place, words: Sequence[str], most_clients: int
) -> None:
    """Serve until a signal comes.

    Raises
    ------
    ConfigError, ModelError
    ControlError
        Nothing can listen at this place.
    """
    logging.basicConfig(level=config.logging.level.upper(), handlers=[log_handler()], force=True)
    check_permissions(config, path, _LOG.warning)
    with named(path):
        service = Service(config, words)
    asyncio.run(Server(service, most_clients).run(place))
