"""The server of the page: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
from asyncio import BaseTransport
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from edge_daemon.config.address import ListenAddress
from edge_daemon.connection import Inside
from edge_daemon.control import Answer
from edge_daemon.control.messages import Status
from edge_daemon.events import Event, Live
from edge_daemon.web.answering import Answering, refusal
from edge_daemon.web.audience import Alive, Audience
from edge_daemon.web.door import Door, RefusedRequest
from edge_daemon.web.refusals import Refusals
from edge_daemon.web.visitor import Visitor

_LOG = logging.getLogger(__name__)

MOST_PAGES = 8
"""Open at a time."""
MOST_CONNECTIONS = 64
"""At a time, files that are being fetched included; more are hung up on."""
MOST_MESSAGE_BYTES = 4096
"""Of one request of a page; more ends the connection."""
_HANDSHAKE_S = 5.0
_CLOSE_S = 0.3


class PageServer:
    """Serves the page and its events.

    Parameters
    ----------
    address : ListenAddress
    door : Door
    inside : Inside
    """

    def __init__(self, address: ListenAddress, door: Door, inside: Inside) -> None:
        self._address = address
        self._answering = Answering(door)
        self._inside = inside
        self._audience = Audience(self._watch, self._knock)
        self._refusals = Refusals()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def run(self, started: Future[None]) -> None:
        """Serve until `stop`; ``started`` is told when it listens, or why it does not."""
        try:
            asyncio.run(self._serve(started))
        except Exception as error:
            if started.done():
                _LOG.exception("web.listen: %s: the page has ended", self._address)
            else:
                started.set_exception(error)

    def stop(self) -> None:
        """Have it end; from any thread."""
        self._soon(self._stopping.set)

    async def _serve(self, started: Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        server = await self._open()
        self._inside.events.subscribe(self._take)
        started.set_result(None)
        try:
            await self._stopping.wait()
        finally:
            self._inside.events.unsubscribe(self._take)
            self._inside.events.unsubscribe(self._take_live)
            server.close()
            with suppress(asyncio.TimeoutError):  # who only just connects is not waited for
                await asyncio.wait_for(server.wait_closed(), 2 * _CLOSE_S)

    async def _open(self) -> Server:
        return await serve(
            self._visited,
            self._address.host,
            self._address.port,
            process_request=self._answer,
            create_connection=_limited_to(MOST_CONNECTIONS),
            compression=None,  # it costs memory for each page, and the way is short
            server_header=None,
            open_timeout=_HANDSHAKE_S,
            close_timeout=_CLOSE_S,
            max_size=MOST_MESSAGE_BYTES,
            max_queue=4,
            logger=_library_log(),
        )

    def _answer(self, connection: ServerConnection, request: HttpRequest) -> Response | None:
        try:
            return self._answering.answer(request)
        except RefusedRequest as error:
            if error.status != HTTPStatus.NOT_FOUND:
                self._refusals.tell(connection.remote_address, str(error))
            return refusal(error)

    async def _visited(self, socket: ServerConnection) -> None:
        """Serve one page until it is closed."""
        if len(self._audience) >= MOST_PAGES:
            await socket.close(1013, f"{MOST_PAGES} pages are open already")
            return
        if self._audience.is_in_vain:
            await socket.close(1013, "The daemon does not answer.")
            return
        visitor = Visitor(socket)
        sending = asyncio.create_task(visitor.send_all())
        self._audience.add(visitor)
        try:
            async for number, request in visitor.requests():
                self._inside.desk.submit(request, partial(self._reply, visitor, number))
        finally:
            self._audience.remove(visitor)
            sending.cancel()

    def _watch(self, is_on: bool) -> None:
        """Have levels and scores made only while somebody looks on."""
        if is_on:
            self._inside.events.subscribe(self._take_live, picture=True)
        else:
            self._inside.events.unsubscribe(self._take_live)

    def _knock(self, alive: Alive) -> None:
        self._inside.desk.submit(Status(), lambda answer: self._soon(alive, answer.ok))

    def _take(self, event: Event) -> None:
        self._soon(self._audience.hear, event)

    def _take_live(self, event: Event) -> None:
        if isinstance(event, Live):  # the others come to `_take`, whether a page is open or not
            self._soon(self._audience.tell, event, True)

    def _reply(self, visitor: Visitor, number: int, answer: Answer) -> None:
        """Hand an answer on; called in the main loop."""
        self._soon(visitor.answer, number, answer)

    def _soon(self, call: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # it has ended meanwhile
            if self._loop:
                self._loop.call_soon_threadsafe(call, *arguments)


def _limited_to(most: int) -> type[ServerConnection]:
    """Return a kind of connection of which no more are open at a time; others are hung up on."""
    opened: set[ServerConnection] = set()

    class Limited(ServerConnection):
        def connection_made(self, transport: BaseTransport) -> None:
            super().connection_made(transport)
            opened.add(self)
            if len(opened) > most:
                self.transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            opened.discard(self)
            super().connection_lost(exc)

    return Limited


def _library_log() -> logging.Logger:
    """Return a log for what is the library's own fault; who connects is told by us."""
    log = logging.getLogger(f"{__name__}.websockets")
    log.setLevel(logging.ERROR)
    return log
