"""The request of a webhook as a bare socket takes it."""

from __future__ import annotations

import socket


def take(connection: socket.socket) -> None:
    """Read to the end of its JSON: what is left unread resets the connection, and the answer is lost."""
    said = b""
    while not said.endswith(b"}") and (piece := connection.recv(65536)):
        said = piece
