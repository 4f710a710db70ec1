"""Events out of a connection, within bounds: whoever sends them is not trusted.

The package reads events of any size, for as long as they take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wyoming.event import Event, async_read_event

from edge_daemon.errors import EdgeDaemonError

LINE_BYTES = 1 << 16
"""The header of an event, one line; the limit of the stream that is read."""
PART_BYTES = 1 << 20
"""The data or the audio of an event: half a minute of what Home Assistant sends at a time."""
REST_WITHIN_S = 10.0
"""From the header of an event to its end."""

_NO_EVENT = (AttributeError, KeyError, RecursionError, TypeError)
"""What the package raises on JSON that is no event."""


class BadEvent(EdgeDaemonError):
    """A client sent what is no event, or too much."""


class EventReader:
    """Reads the events of one client.

    Parameters
    ----------
    stream : asyncio.StreamReader
        With the limit ``LINE_BYTES``.
    hang_up : callable
        Ends the connection; called when the rest of an event does not come in time.
    """

    def __init__(self, stream: asyncio.StreamReader, hang_up: Callable[[], object]) -> None:
        self._stream = stream
        self._hang_up = hang_up

    async def read(self) -> Event | None:
        """Return the next event; None when the client has hung up.

        Raises
        ------
        BadEvent
        """
        try:
            event: Event | None = await async_read_event(self)  # type: ignore[arg-type]
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except _NO_EVENT as error:
            raise BadEvent(f"no event: {type(error).__name__}") from None
        if event is None and not self._stream.at_eof():
            raise BadEvent("no event: not JSON")
        return event and _checked(event)

    async def readline(self) -> bytes:
        """Return the header; called by the package."""
        try:
            return await self._stream.readline()
        except ValueError:
            raise BadEvent(f"a line of more than {LINE_BYTES} bytes") from None

    async def readexactly(self, n_bytes: int) -> bytes:
        """Return a part of the event that follows the header; called by the package."""
        if not isinstance(n_bytes, int) or n_bytes > PART_BYTES:
            raise BadEvent(f"{n_bytes!r:.40} bytes announced; at most {PART_BYTES} are taken")
        limit = asyncio.get_running_loop().call_later(REST_WITHIN_S, self._hang_up)
        try:
            return await self._stream.readexactly(n_bytes)
        finally:
            limit.cancel()


def _checked(event: Event) -> Event:
    event.data = event.data or {}
    if not isinstance(event.type, str) or not isinstance(event.data, dict):
        raise BadEvent("no event: its type is no text, or its data no object")
    return event
