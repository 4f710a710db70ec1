"""One client of the control socket: what it asks in turn, and the events that it follows."""

from __future__ import annotations

import socket

from edge_daemon.control.messages import (
    LONGEST_LINE_BYTES,
    Answer,
    Request,
    answer_line,
    parse_request,
)
from edge_daemon.errors import ControlError
from edge_daemon.events import Event, Live, event_line

_CHUNK_BYTES = 4096
MOST_UNSENT_BYTES = 65536
"""Of answers and events to a client that does not read; more ends its connection."""


class Client:
    """One connection; its requests are answered in turn."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.is_gone = False
        """It has hung up, or is to be cut off."""
        self.has_unsent = False
        """It has not taken all that was said to it."""
        self._unsent = b""
        self._received = b""
        self._is_owed = False

    def answer(self, answer: Answer) -> None:
        """Send an answer; a client that takes none loses its connection."""
        self._is_owed = False
        self._send(answer_line(answer))

    def tell(self, event: Event) -> None:
        """Send an event; a client that is slow does without the live ones."""
        if not (self._unsent and isinstance(event, Live)):
            self._send(event_line(event))

    def send_rest(self) -> None:
        """Send what did not go out at once."""
        self._send(b"")

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

    def _send(self, line: bytes) -> None:
        self._unsent += line
        try:
            n_sent = self.connection.send(self._unsent, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            n_sent = 0
        except OSError:
            n_sent, self.is_gone = 0, True
        self._unsent = self._unsent[n_sent:]
        self.has_unsent = bool(self._unsent)
        self.is_gone |= len(self._unsent) > MOST_UNSENT_BYTES
