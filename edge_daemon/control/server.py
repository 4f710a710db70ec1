"""The daemon's end of the control socket, looked at between two blocks of audio."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shutil
import socket
import stat
from pathlib import Path

from edge_daemon.control.connected import Client
from edge_daemon.control.messages import Answer, Follow, Request
from edge_daemon.errors import ControlError
from edge_daemon.events import Events

_LOG = logging.getLogger(__name__)

MOST_CLIENTS = 8
"""At a time; one more ends the connection that is there the longest."""
_MODE = 0o660


class ControlServer:
    """Takes requests without a thread and without ever waiting.

    It needs no more than a look between two blocks. What it cannot do, such as open its socket,
    is said once in the log; the daemon listens all the same.

    Parameters
    ----------
    path : Path or None
        None: there is no socket.
    events : Events, optional
        What clients may follow.
    group : str, optional
        Its members may use the socket; None: those of the process' own group.
    """

    def __init__(
        self, path: Path | None, events: Events | None = None, group: str | None = None
    ) -> None:
        self.path = path
        self._group = group
        self._events = events or Events()
        self._clients: list[Client] = []
        self._poll = select.poll()
        self._listener = _listening_at(path, group) if path else None
        if self._listener:
            self._poll.register(self._listener, select.POLLIN)

    def requests(self) -> list[tuple[Client, Request]]:
        """Return what clients want by now, each with whom to answer; of each client one thing.

        Who wants to follow events does so from here on.
        """
        for client in self._clients:
            if client.has_unsent:
                client.send_rest()
        self._end_the_gone()
        if self._listener is None:
            return []
        if self._poll.poll(0):
            self._accept(self._listener)
            for client in self._clients:
                client.receive()
        asked = [(client, client.next_request()) for client in self._clients]
        for client, request in asked:
            if isinstance(request, Follow):
                self._begin_to_follow(client, request)
        return [(c, request) for c, request in asked if request and not isinstance(request, Follow)]

    def let_in(self, group: str | None) -> None:
        """Let members of another group use the socket from now on."""
        if self.path and self._listener and group != self._group:
            _try_to_give(self.path, group)
        self._group = group

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

    def _begin_to_follow(self, client: Client, request: Follow) -> None:
        client.answer(Answer(ok=True))
        self._events.unsubscribe(client.tell)
        self._events.subscribe(client.tell, request.live, request.picture)

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
                self._events.unsubscribe(client.tell)
                self._poll.unregister(client.connection)
                client.connection.close()
        self._clients = [client for client in self._clients if not client.is_gone]


def _listening_at(path: Path, group: str | None) -> socket.socket | None:
    try:
        return bound_socket(path, group)
    except (OSError, ControlError) as error:
        _LOG.warning("control.path: %s: no control socket: %s", path, error)
        return None


def bound_socket(path: Path, group: str | None = None) -> socket.socket:
    """Listen at a path, in place of a process that was killed, but not of one that lives.

    Raises
    ------
    OSError, ControlError
    """
    path.parent.mkdir(mode=0o700, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_what_a_kill_left(path)
        listener.bind(str(path))
        os.chmod(path, _MODE)
        if group is not None:
            _try_to_give(path, group)
        listener.listen(MOST_CLIENTS)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _try_to_give(path: Path, group: str | None) -> None:
    """Let members of the group in, through a folder that is there for the socket alone.

    Root or a member of the group may do so.
    """
    try:
        shutil.chown(path, group=os.getegid() if group is None else group)
        folder = path.parent.stat()
        if folder.st_uid == os.geteuid() and os.listdir(path.parent) == [path.name]:
            path.parent.chmod(stat.S_IMODE(folder.st_mode) | stat.S_IXOTH)
    except (LookupError, OSError) as error:
        _LOG.warning("control.group: %s: %s; is this user a member of it?", group, error)


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
