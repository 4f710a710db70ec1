"""One open page: what it is sent, and what it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

import msgspec
from msgspec import Meta, Raw
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from edge_daemon.control import Answer, Request, parse_request
from edge_daemon.control.messages import Follow, answer_line
from edge_daemon.errors import ControlError

MOST_ASKED = 4
"""Requests of a page that wait for an answer; it is not read further until then."""
MOST_LIVE_WAITING = 10
"""A second of levels and scores; a page that is so far behind is spared the next."""
MOST_WAITING = 200
"""Whoever does not even take the rest loses the connection."""


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request as a page sends it."""

    id: Annotated[int, Meta(ge=0, le=2**31)]
    """Comes back with the answer."""
    request: Raw
    """As on the control socket."""


class Visitor:
    """An open page; all of its methods are called in the thread of the event loop."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._may_ask = asyncio.Semaphore(MOST_ASKED)

    def tell(self, text: str, may_skip: bool = False) -> None:
        """Have a message sent; one that may be skipped is, where too many wait."""
        n_waiting = self._waiting.qsize()
        if may_skip and n_waiting >= MOST_LIVE_WAITING:
            return
        if n_waiting >= MOST_WAITING:
            self._socket.transport.abort()
            return
        self._waiting.put_nowait(text)

    async def send_all(self) -> None:
        """Send what waits, until the page is gone."""
        with suppress(ConnectionClosed):
            while True:
                await self._socket.send(await self._waiting.get())

    async def requests(self) -> AsyncIterator[tuple[int, Request]]:
        """Yield requests with their numbers until the page is gone; what is none is answered."""
        with suppress(ConnectionClosed):
            while True:
                await self._may_ask.acquire()
                number, request = _read(await self._socket.recv())
                if isinstance(request, Answer):
                    self.answer(number, request)
                else:
                    yield number, request

    def answer(self, number: int, answer: Answer) -> None:
        """Tell the page what became of a request; each is answered once."""
        self._may_ask.release()
        line = answer_line(answer).decode().rstrip()
        self.tell(f'{{"event":"answer","id":{number},"answer":{line}}}')


def _read(message: str | bytes) -> tuple[int, Request | Answer]:
    """Return the number and the request; or why it is none, with number 0 if it has none."""
    number = 0
    try:
        asked = msgspec.json.decode(message, type=Asked)
        number = asked.id
        request = parse_request(bytes(asked.request))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ControlError) as error:
        return number, Answer(ok=False, problems=[str(error)])
    if isinstance(request, Follow):
        return number, Answer(ok=False, problems=["a page is told everything as it is"])
    return number, request
