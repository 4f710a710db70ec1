"""Listens for clients, keeps them apart and within bounds, and ends when it is told to."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from pathlib import Path

from edge_daemon.control.server import bound_socket
from edge_daemon.errors import ControlError
from edge_daemon.systemd import Notifier, watchdog_interval_s
from edge_daemon.wyoming.client import Client
from edge_daemon.wyoming.conversation import Conversation
from edge_daemon.wyoming.place import Place, uri_of
from edge_daemon.wyoming.reading import LINE_BYTES
from edge_daemon.wyoming.service import Service

_LOG = logging.getLogger(__name__)

_STATUS_EVERY_S = 10.0
_NO_AUTHENTICATION = (
    "wyoming: %s is open to the network, and the protocol knows no password: whoever reaches it "
    "can have this machine compute. Let only your own machines through (a firewall, or "
    "IPAddressAllow= of the service)"
)


class Server:
    """Each client is a task of one event loop, and the computing is the service's thread.

    The package has servers too. They take any number of clients and events of any size, and wait
    for ever for one that does not read.
    """

    def __init__(self, service: Service, most_clients: int) -> None:
        self._service = service
        self._most_clients = most_clients
        self._tasks: set[asyncio.Task[None]] = set()
        self._n_served = 0
        self._notifier = Notifier()

    async def run(self, place: Place) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises
        ------
        ControlError
            Nothing can listen there.
        """
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        listening = await self._listen(place)
        where = _listens_at(listening, place)
        if not isinstance(place, Path) and not place.is_loopback:
            _LOG.warning(_NO_AUTHENTICATION, where)
        _LOG.info("wyoming: listening at %s for %s", where, ", ".join(self._service.words))
        self._notifier.ready(f"listening at {where}")
        alive = asyncio.create_task(self._say_that_it_is_alive(where))
        try:
            await stop.wait()
        finally:
            self._notifier.stopping()
            alive.cancel()
            await self._close(listening, place)
            _LOG.info("wyoming: ended; clients were told of %d words", self._service.n_heard)

    async def _listen(self, place: Place) -> asyncio.AbstractServer:
        try:
            if isinstance(place, Path):
                return await asyncio.start_unix_server(
                    self._connected, sock=bound_socket(place), limit=LINE_BYTES
                )
            return await asyncio.start_server(
                self._connected, place.host, place.port, limit=LINE_BYTES
            )
        except OSError as error:
            why = error.strerror or error
            raise ControlError(f"--wyoming: {uri_of(place)}: cannot listen there: {why}") from None

    async def _say_that_it_is_alive(self, where: str) -> None:
        """Feed the watchdog as long as the loop turns and the thread computes."""
        while True:
            await self._service.compute(_nothing)
            self._notifier.watchdog()
            n_clients, n_heard = self._n_served, self._service.n_heard
            self._notifier.status(f"listening at {where}: {n_clients} clients, {n_heard} words")
            await asyncio.sleep(watchdog_interval_s() or _STATUS_EVERY_S)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client; tell it where there are enough, unless too many are being told."""
        client = Client(reader, writer)
        n_connected = len(self._tasks)
        if n_connected >= 2 * self._most_clients:
            client.drop()
            return
        is_refused = self._n_served >= self._most_clients
        task = asyncio.create_task(self._refuse(client) if is_refused else self._serve(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, client: Client) -> None:
        _LOG.warning("wyoming: %s: refused, %d clients are there", client.name, self._n_served)
        try:
            await client.refuse("there are as many clients as may be", "busy")
            await client.hang_up()
        finally:
            client.drop()

    async def _serve(self, client: Client) -> None:
        self._n_served += 1
        _LOG.debug("wyoming: %s: connected", client.name)
        try:
            await Conversation(self._service, client).run()
            await client.hang_up()
        except (OSError, asyncio.TimeoutError) as error:  # TimeoutError is no OSError before 3.11
            _LOG.debug("wyoming: %s: is gone: %r", client.name, error)
        except Exception:  # a mistake of ours ends this client and no other
            _LOG.exception("wyoming: %s: unexpected; hung up", client.name)
        finally:
            client.drop()
            self._n_served -= 1

    async def _close(self, listening: asyncio.AbstractServer, place: Place) -> None:
        listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._service.close()
        if isinstance(place, Path):
            place.unlink(missing_ok=True)


def _listens_at(listening: asyncio.AbstractServer, place: Place) -> str:
    """Return the address with the port that was taken."""
    if isinstance(place, Path):
        return uri_of(place)
    sockets: list[socket.socket] = listening.sockets  # type: ignore[attr-defined]
    return uri_of(place._replace(port=sockets[0].getsockname()[1]))


def _nothing() -> None:
    """Take a turn in the thread."""
