"""All open pages: what happens is told to each, and to one that opens what went before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import msgspec

from edge_daemon.events import Event, as_json
from edge_daemon.telemetry.process import ProcessMeter
from edge_daemon.web.history import History
from edge_daemon.web.visitor import Visitor

PULSE_S = 2.0
"""Between two signs of life to the pages; these show the daemon as lost after three of them."""

Alive: TypeAlias = Callable[[bool], object]


class Pulse(msgspec.Struct, frozen=True, tag_field="event", tag="pulse"):
    """A sign of life, with what the process costs at this moment."""

    at: float

    cpu_share: float
    rss_bytes: int | None


class Audience:
    """Lives in the thread of the event loop.

    Parameters
    ----------
    watch : callable
        Is told True when the first page opens, and False when the last one closes.
    knock : callable
        Asks the main loop for an answer; what it is given is told whether there is one.
    """

    def __init__(self, watch: Callable[[bool], object], knock: Callable[[Alive], object]) -> None:
        self._watch = watch
        self._knock = knock
        self._knocked_s: float | None = None
        self._history = History()
        self._visitors: set[Visitor] = set()

    def __len__(self) -> int:
        return len(self._visitors)

    @property
    def is_in_vain(self) -> bool:
        """The main loop hangs: there is nothing to be told."""
        return self._knocked_s is not None and time.monotonic() > self._knocked_s + 2 * PULSE_S

    def add(self, visitor: Visitor) -> None:
        """Greet a page, and tell it everything from now on."""
        visitor.tell(as_json(self._history.hello()).decode())
        self._visitors.add(visitor)
        if len(self) == 1:
            self._watch(True)
            self._pulse_later(ProcessMeter())

    def remove(self, visitor: Visitor) -> None:
        """Forget a page that is gone."""
        self._visitors.discard(visitor)
        if not self._visitors:
            self._watch(False)
            self._next_pulse.cancel()

    def hear(self, event: Event) -> None:
        """Remember an event for pages to come, and tell those that are open."""
        for told in self._history.add(event):
            self.tell(told)

    def tell(self, event: msgspec.Struct, may_skip: bool = False) -> None:
        """Tell those that are open; a page that is behind may be spared what can be skipped."""
        if self._visitors:
            text = as_json(event).decode()
            for visitor in self._visitors:
                visitor.tell(text, may_skip)

    def _pulse_later(self, meter: ProcessMeter) -> None:
        self._next_pulse = asyncio.get_running_loop().call_later(PULSE_S, self._pulse, meter)

    def _pulse(self, meter: ProcessMeter) -> None:
        """Have the main loop asked: while it hangs, the pages are to see a daemon that is lost."""
        self._pulse_later(meter)
        if self._knocked_s is None:
            self._knocked_s = time.monotonic()
            self._knock(partial(self._answered, meter))

    def _answered(self, meter: ProcessMeter, is_alive: bool) -> None:
        self._knocked_s = None
        if is_alive:
            usage = meter.read()
            self.tell(Pulse(time.time(), usage.cpu_share_interval, usage.rss_bytes))
