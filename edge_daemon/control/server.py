"""The daemon's end of the control socket, looked at between two blocks of audio."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
from pathlib import Path

from edge_daemon.control.messages import (
    LONGEST_LINE_BYTES,
    Answer,
    Request,
    answer_line,
    parse_request,
)
from edge_daemon.errors import ControlError

_LOG = logging.getLogger(__name__)

MOST_CLIENTS = 8
"""At a time; one more ends the connection that is there the longest."""
_MODE = 0o660
_CHUNK_BYTES = 4096


class Client:
    """One connection; its requests are answered in turn."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.is_gone = False
        """It has hung up, or is to be cut off."""
        self._received = b""
        self._is_owed = False

    def answer(self, answer: Answer) -> None:
        """Send an answer; a client that does not take it loses its connection."""
        line = answer_line(answer)
        self._is_owed = False
        try:
            self.is_gone |= self.connection.send(line, socket.MSG_NOSIGNAL) < len(line)
        except OSError:
            self.is_gone = True

    @property
    def has_asked(self) -> bool:
        """A whole line has come and it is its turn: what was asked before is answered."""
        return b"\n" in self._received and not self._is_owed

    def receive(self) -> None:
        """Take what has come, unless there is a line to be answered first.

        Its end of input is seen after that: who has said all may still wait for an answer.
        """
        if self.has_asked or self._is_owed:
            return
        try:
            data = self.connection.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._received += data
        self.is_gone |= not data or len(self._received) > LONGEST_LINE_BYTES

    def next_request(self) -> Request | None:
        """Return the oldest request, if one is there; what is none is answered here."""
        if not self.has_asked:
            return None
        line, _, self._received = self._received.partition(b"\n")
        request = self._parsed(line)
        self._is_owed = request is not None
        return request

    def _parsed(self, line: bytes) -> Request | None:
        try:
            return parse_request(line)
        except ControlError as error:
            self.answer(Answer(ok=False, problems=[str(error)]))
            return None


class ControlServer:
    """Takes requests without a thread and without ever waiting.

    It needs no more than a look between two blocks. What it cannot do, such as open its socket,
    is said once in the log; the daemon listens all the same.

    Parameters
    ----------
    path : Path or None
        None: there is no socket.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._clients: list[Client] = []
        self._poll = select.poll()
        self._listener = _listening_at(path) if path else None
        if self._listener:
            self._poll.register(self._listener, select.POLLIN)

    def requests(self) -> list[tuple[Client, Request]]:
        """Return what clients want by now, each with whom to answer; of each client one thing."""
        self._end_the_gone()
        if self._listener is None:
            return []
        if self._poll.poll(0):
            self._accept(self._listener)
            for client in self._clients:
                client.receive()
        asked = [(client, client.next_request()) for client in self._clients]
        return [(client, request) for client, request in asked if request]

    def close(self) -> None:
        """Hang up and remove the socket."""
        for client in self._clients:
            client.is_gone = True
        self._end_the_gone()
        if self._listener is None or self.path is None:
            return
        self._listener.close()
        self._listener = None
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _accept(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # none waits, or there is no descriptor left for it
            return
        self._clients.append(Client(connection))
        self._poll.register(connection, select.POLLIN)
        self._clients[0].is_gone |= len(self._clients) > MOST_CLIENTS

    def _end_the_gone(self) -> None:
        for client in self._clients:
            if client.is_gone:
                self._poll.unregister(client.connection)
                client.connection.close()
        self._clients = [client for client in self._clients if not client.is_gone]


def _listening_at(path: Path) -> socket.socket | None:
    try:
        return _bound(path)
    except (OSError, ControlError) as error:
        _LOG.warning("control.path: %s: no control socket: %s", path, error)
        return None


def _bound(path: Path) -> socket.socket:
    """Listen at a path, in place of a daemon that was killed, but not of one that lives."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_what_a_kill_left(path)
        listener.bind(str(path))
        os.chmod(path, _MODE)
        listener.listen(MOST_CLIENTS)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_what_a_kill_left(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # its queue is full: it lives
    raise ControlError("another edge-daemon listens there")
