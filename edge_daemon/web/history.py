"""What a page is told when it opens: what went before."""

from __future__ import annotations

from collections import deque

import msgspec

from edge_daemon import __version__
from edge_daemon.events import Event, Happened, Heard, State, Summary

HEARD = 50
HAPPENED = 50
POINTS = 720
"""Half a day of summaries, at one a minute."""


class Point(msgspec.Struct, frozen=True, tag_field="event", tag="point"):
    """What is drawn of a summary."""

    at: float
    cpu_share: float
    rss_bytes: int | None
    watts: float | None
    temperature_c: float | None
    latency_p95_ms: float | None


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="hello"):
    """The first that a page is told."""

    version: str
    state: State | None
    summary: Summary | None
    points: list[Point]
    heard: list[Heard]
    happened: list[Happened]


class History:
    """Remembers what pages that open later are to know; bounded."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._summary: Summary | None = None
        self._points: deque[Point] = deque(maxlen=POINTS)
        self._heard: deque[Heard] = deque(maxlen=HEARD)
        self._happened: deque[Happened] = deque(maxlen=HAPPENED)

    def add(self, event: Event) -> list[Event | Point]:
        """Remember an event, and return what open pages are told: with a summary its point."""
        if isinstance(event, Summary):
            self._summary = event
            self._points.append(_point(event))
            return [event, self._points[-1]]
        if isinstance(event, State):
            self._state = event
        elif isinstance(event, Heard):
            self._heard.append(event)
        elif isinstance(event, Happened):
            self._happened.append(event)
        return [event]

    def hello(self) -> Hello:
        """Return all that is remembered."""
        return Hello(
            version=__version__,
            state=self._state,
            summary=self._summary,
            points=list(self._points),
            heard=list(self._heard),
            happened=list(self._happened),
        )


def _point(summary: Summary) -> Point:
    figures = summary.figures
    process, sensors = figures["process"], figures.get("sensors") or {}
    return Point(
        at=summary.at,
        cpu_share=process["cpu_share_interval"],
        rss_bytes=process["rss_bytes"],
        watts=sensors.get("watts_mean"),
        temperature_c=sensors.get("temperature_c"),
        latency_p95_ms=figures["interval"]["latency"]["p95_ms"],
    )
