"""What one client asks and is told, event by event, as wyoming-openwakeword would."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.wake import Detect, NotDetected
from wyoming.wake import Detection as WakeDetection

from edge_daemon.types import Detection
from edge_daemon.wyoming.client import Client
from edge_daemon.wyoming.reading import BadEvent
from edge_daemon.wyoming.samples import format_of
from edge_daemon.wyoming.service import Service
from edge_daemon.wyoming.stream import Stream
from edge_daemon.wyoming.words import meant

_LOG = logging.getLogger(__name__)

_MOST_MS = 1 << 63
_SLICE_S = 0.25
"""Audio that is worked on at a time: between two slices it is the turn of other clients."""


class Conversation:
    """One connection, until the client hangs up, stops its audio, or sends what is no event."""

    def __init__(self, service: Service, client: Client) -> None:
        self._service = service
        self._client = client
        self._words = frozenset(service.words)
        self._stream: Stream | None = None
        self._begin_at(None)

    async def run(self) -> None:
        """Answer until the end; the connection is left to be closed.

        Raises
        ------
        OSError, asyncio.TimeoutError
            The client is gone, or does not read what it is told.
        """
        try:
            while event := await self._client.read():
                if not await self._take(event):
                    return
        except BadEvent as error:
            _LOG.warning("wyoming: %s: %s; hung up", self._client.name, error)
            await self._client.refuse(str(error), "bad-event")
        finally:
            if self._stream:
                self._service.take_back(self._stream)

    async def _take(self, event: Event) -> bool:
        """Do as an event wants; False: it was the last."""
        if AudioChunk.is_type(event.type):
            await self._hear(event)
        elif Describe.is_type(event.type):
            await self._client.say(self._service.info)
        elif Detect.is_type(event.type):
            self._choose(event.data.get("names"))
        elif AudioStart.is_type(event.type):
            await self._begin(event.data.get("timestamp"))
        elif AudioStop.is_type(event.type):
            await self._end()
            return False
        else:
            _LOG.debug("wyoming: %s: unused event %.40r", self._client.name, event.type)
        return True

    def _choose(self, names: Any) -> None:
        """Listen for the words named, for all without names."""
        if not isinstance(names or [], list) or not all(isinstance(n, str) for n in names or []):
            raise BadEvent("the names of words are to be a list of texts")
        words, unknown = meant(names or self._service.words, self._service.words)
        offered = ", ".join(self._service.words)
        if not words:
            raise BadEvent(f"none of {', '.join(unknown)!r:.200} is offered; there are {offered}")
        if unknown:
            _LOG.warning(
                "wyoming: %s: asks for %.200r, not offered; there are %s",
                self._client.name, ", ".join(unknown), offered,
            )  # fmt: skip
        self._words = words

    def _begin_at(self, timestamp: Any) -> None:
        self._began_ms: float = timestamp if _is_time(timestamp) else 0.0
        self._chunk_ms: float | None = None
        self._is_detected = False

    async def _begin(self, timestamp: Any) -> None:
        self._begin_at(timestamp)
        if self._stream:
            await self._service.compute(self._stream.begin)

    async def _hear(self, event: Event) -> None:
        layout = format_of(event.data)
        audio = event.payload or b""
        if self._stream is None:
            self._stream = await self._service.lend()
        timestamp = event.data.get("timestamp")
        self._chunk_ms = timestamp if _is_time(timestamp) else None
        step = layout.frame_bytes * max(1, round(layout.rate_hz * _SLICE_S))
        for start in range(0, len(audio), step):
            part = audio[start : start + step]
            await self._tell(await self._service.compute(self._stream.push, part, layout))

    async def _end(self) -> None:
        if self._stream:
            await self._tell(await self._service.compute(self._stream.end))
        if not self._is_detected:
            await self._client.say(NotDetected().event())

    async def _tell(self, found: Sequence[Detection]) -> None:
        """Say what was heard, with the timestamp of the chunk in which it was decided.

        Without timestamps it is the time since the audio began.
        """
        for detection in (d for d in found if d.label in self._words):
            at_ms = self._chunk_ms
            if at_ms is None:
                at_ms = self._began_ms + 1000.0 * detection.time_s
            self._is_detected = True
            self._service.n_heard += 1
            _LOG.info(
                "wyoming: %s: heard %r (%.2f) at %.0f ms",
                self._client.name, detection.label, detection.score, at_ms,
            )  # fmt: skip
            await self._client.say(
                WakeDetection(name=detection.label, timestamp=round(at_ms)).event()
            )


def _is_time(value: Any) -> bool:
    """Tell whether it can be milliseconds; what JSON calls a number may be NaN, or have 4000 digits."""
    return isinstance(value, int | float) and abs(value) < _MOST_MS
