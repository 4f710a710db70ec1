"""A command's end of the control socket."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge_daemon.control.messages import (
    LONGEST_LINE_BYTES,
    Answer,
    Follow,
    Request,
    parse_answer,
    request_line,
)
from edge_daemon.errors import ControlError

ANSWER_WITHIN_S = 30.0
"""An answer comes between two blocks; only a reload takes longer."""
RELOADED_WITHIN_S = 1800.0
"""An engine of TensorRT takes minutes."""


def ask(paths: Sequence[Path], request: Request, within_s: float = ANSWER_WITHIN_S) -> Answer:
    """Send a request to the daemon that listens at one of these sockets and return its answer.

    Raises
    ------
    ControlError
        No daemon listens, it may not be asked, or it does not answer.
    """
    with _connected(paths, within_s) as connection:
        try:
            connection.sendall(request_line(request))
            return parse_answer(_line(connection))
        except TimeoutError:
            raise ControlError(f"the daemon has not answered within {within_s:g} s") from None
        except OSError as error:
            raise ControlError(f"the daemon has hung up: {error.strerror}") from None


def follow(paths: Sequence[Path], live: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the events of the daemon that listens at one of these sockets, for ever.

    The first one is a ``state``, soon; `edge_daemon.events` says what each holds.

    Raises
    ------
    ControlError
        No daemon listens, it may not be asked, or it has ended.
    """
    with _connected(paths, ANSWER_WITHIN_S) as connection:
        try:
            connection.sendall(request_line(Follow(live=live)))
            connection.settimeout(None)
            with connection.makefile("rb") as lines:
                refused = parse_answer(lines.readline()).problems
                if refused:
                    raise ControlError("; ".join(refused))
                for line in lines:
                    yield json.loads(line)
        except OSError as error:
            raise ControlError(f"the daemon has hung up: {error.strerror or error}") from None
    raise ControlError("the daemon has hung up")


def _connected(paths: Sequence[Path], within_s: float) -> socket.socket:
    problems = []
    for path in paths:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(within_s)
        try:
            connection.connect(str(path))
        except OSError as error:
            connection.close()
            problems.append(f"{path}: {_reason(error)}")
        else:
            return connection
    tried = "; ".join(problems) or "there is no place for its socket; set control.path"
    raise ControlError(f"no running daemon was found: {tried}")


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOENT, errno.ECONNREFUSED):
        return "nobody listens there"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "not for this user; join the group edge-daemon, or use sudo"
    return error.strerror or str(error)


def _line(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        more = connection.recv(LONGEST_LINE_BYTES)
        if not more:
            raise ControlError("the daemon has hung up without an answer")
        data += more
    return data
