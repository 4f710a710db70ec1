"""Where the service listens: ``tcp://HOST:PORT`` or ``unix:///PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from edge_daemon.config.address import ListenAddress

Place: TypeAlias = ListenAddress | Path
"""An address, whose port 0 is any that is free, or the path of a Unix socket."""

_EXAMPLE = "tcp://127.0.0.1:10400"


def parse_uri(text: str) -> Place:
    """Read where to listen.

    Raises
    ------
    ValueError
        It is no such address; the message says what one looks like.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{text}: {error}; for example {_EXAMPLE}") from None
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Path(parts.path)
    if parts.scheme == "tcp" and host and port is not None and not parts.path:
        return ListenAddress(host, port)
    raise ValueError(f"{text}: neither tcp://HOST:PORT nor unix:///PATH; for example {_EXAMPLE}")


def uri_of(place: Place) -> str:
    """Return the address as clients are given it."""
    return f"unix://{place}" if isinstance(place, Path) else f"tcp://{place}"
