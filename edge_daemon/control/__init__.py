"""Commands to the running daemon: one JSON object a line each way, through a Unix socket."""

from __future__ import annotations

from edge_daemon.control.desk import Desk, Reply, tell
from edge_daemon.control.messages import Answer, Request, parse_request
from edge_daemon.control.paths import socket_path

__all__ = ["Answer", "Desk", "Reply", "Request", "parse_request", "socket_path", "tell"]
