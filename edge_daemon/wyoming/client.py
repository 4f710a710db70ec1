"""A connection to a client, that may be slow, hostile or gone."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from wyoming.error import Error
from wyoming.event import Event, async_write_event

from edge_daemon.wyoming.reading import LINE_BYTES, EventReader

MOST_UNSENT_BYTES = 262_144
"""Of answers that wait for a client. asyncio's `drain` alone does not see to it: in Python 3.12 and
3.13.0 it does not wait for what `writelines` has written."""
TAKEN_WITHIN_S = 10.0
"""A client that does not read what it is told for so long is hung up on."""
_GONE_WITHIN_S = 2.0
_DEAD_AFTER_S = 60
"""Silence of the network, not of the client, after which TCP asks whether it is still there."""


class Client:
    """Reads from it and writes to it within bounds of size and time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._events = EventReader(reader, writer.transport.abort)
        address = writer.get_extra_info("peername")
        self.name = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else "local"
        """For the log."""
        _keep_alive(writer.get_extra_info("socket"))

    async def read(self) -> Event | None:
        """Return the next event; None when the client has hung up.

        Raises
        ------
        BadEvent
        """
        return await self._events.read()

    async def say(self, event: Event) -> None:
        """Write an event.

        Raises
        ------
        OSError, asyncio.TimeoutError
            It is gone, or does not read.
        """
        if self._writer.transport.get_write_buffer_size() > MOST_UNSENT_BYTES:
            raise asyncio.TimeoutError
        await asyncio.wait_for(async_write_event(event, self._writer), TAKEN_WITHIN_S)

    async def refuse(self, why: str, code: str) -> None:
        """Say why it is hung up on, if it wants to know."""
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            await self.say(Error(text=why, code=code).event())

    async def hang_up(self) -> None:
        """End the connection so that the client gets to read the last that it was told.

        What it has sent is read until it hangs up too: else the kernel would say that the
        connection is broken, and its own side would forget what has come before.
        """
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            self._writer.write_eof()
            await asyncio.wait_for(self._rest(), _GONE_WITHIN_S)
        self._writer.transport.abort()

    def drop(self) -> None:
        """End the connection at once."""
        self._writer.transport.abort()

    async def _rest(self) -> None:
        while await self._reader.read(LINE_BYTES):
            pass


def _keep_alive(connection: socket.socket) -> None:
    """Have the kernel find out that a satellite lost its power, which says no goodbye."""
    if connection.family != socket.AF_UNIX:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _DEAD_AFTER_S)
