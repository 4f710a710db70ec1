"""What happens in the daemon, told to all who follow it, in one form for every way out."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

_LOG = logging.getLogger(__name__)

Condition: TypeAlias = Literal["starting", "listening", "muted", "lost", "stopping"]


class _Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    at: float = msgspec.field(default_factory=time.time)
    """Unix time, in seconds."""


class Heard(_Told, frozen=True, kw_only=True, tag="heard"):
    """A word was heard, or triggered from outside."""

    label: str
    score: float
    time_s: float
    """Position in the stream, in seconds of audio."""
    after: str | None = None
    """The wake word that it followed."""
    triggered: bool = False
    """Nobody said it: somebody asked for it."""
    latency_ms: float | None = None
    """From the newest sample to the decision; None where it was triggered."""


class State(_Told, frozen=True, kw_only=True, tag="state"):
    """How the daemon is, told whenever any of it changes."""

    condition: Condition
    text: str
    """The line that systemd is told."""
    source: str
    model: str
    words: list[str]
    muted: bool
    muted_left_s: float | None
    """Until it hears again by itself; None while it does hear, or without such a time."""
    thresholds: dict[str, float]
    """Score from which each word fires."""
    last: dict[str, Any] | None
    """The newest detection, as `Detection.as_json` tells it."""


class Summary(_Told, frozen=True, kw_only=True, tag="summary"):
    """The figures of an interval, every ``telemetry.interval_s``."""

    figures: dict[str, Any]
    """A `telemetry.snapshot.Snapshot`."""


class Happened(_Told, frozen=True, kw_only=True, tag="happened"):
    """Something else that the log of records has, too."""

    kind: str
    """As in `telemetry.record.Kind`: listening, lost, dropped, reload, refused, model, …"""
    text: str


class Live(_Told, frozen=True, kw_only=True, tag="live"):
    """Levels and scores of the newest block; told only while somebody looks on."""

    level_dbfs: float
    """Of the block, root mean square."""
    floor_dbfs: float
    """The level that the room falls back to."""
    is_open: bool
    """The gate lets audio through to the model."""
    scores: dict[str, float]
    """Smoothed score of each word; all 0 while the gate is closed."""
    latency_ms: float
    """From the newest sample to the decision about it, at this block."""
    mel: str = ""
    """Log-mel frames of the block, 100 a second: rows of ``n_mels`` bytes, in base64; 0 is
    -100 dB, 255 is a tone of full scale. Empty where nobody wishes to see it."""
    n_mels: int


Event: TypeAlias = Heard | State | Summary | Happened | Live
Take: TypeAlias = Callable[[Event], object]


def event_line(event: Event) -> bytes:
    """Return an event as a line of JSON."""
    return as_json(event) + b"\n"


def as_json(value: Any) -> bytes:
    """Return JSON, with a `?` for what no text can hold: the bytes of a path need not be any."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
        return text.encode(errors="replace")


class _Taker(NamedTuple):
    take: Take
    live: bool
    picture: bool


class Events:
    """Hands on what happens, in the thread of the main loop, to whoever subscribes from any."""

    def __init__(self) -> None:
        self._takers: tuple[_Taker, ...] = ()
        self._lock = threading.Lock()
        self._n_subscribed = 0
        self._failure = ""

    def subscribe(self, take: Take, live: bool = False, picture: bool = False) -> None:
        """Have each event handed to ``take``, which must never wait.

        `Live` ones, and ``mel`` in them, come if they are wished: they cost something to make.
        """
        with self._lock:
            self._takers += (_Taker(take, live or picture, picture),)
            self._n_subscribed += 1

    def unsubscribe(self, take: Take) -> None:
        """End it; nothing happens where there is none."""
        with self._lock:
            self._takers = tuple(taker for taker in self._takers if taker.take != take)

    @property
    def n_subscribed(self) -> int:
        """How often somebody has subscribed so far: who is new has to be told the state."""
        return self._n_subscribed

    @property
    def are_followed(self) -> bool:
        """Somebody takes them."""
        return bool(self._takers)

    @property
    def are_watched_live(self) -> bool:
        """Somebody takes `Live` ones."""
        return any(taker.live for taker in self._takers)

    @property
    def are_pictured(self) -> bool:
        """Somebody wishes to see ``mel`` in them."""
        return any(taker.picture for taker in self._takers)

    def publish(self, event: Event) -> None:
        """Tell all who are subscribed."""
        for taker in self._takers:
            if taker.live or not isinstance(event, Live):
                self._tell(taker.take, event)

    def _tell(self, take: Take, event: Event) -> None:
        """Hand it on; a mistake of one who takes it is said once, and costs nobody else anything."""
        try:
            take(event)
        except Exception as error:
            if repr(error) != self._failure:  # it may come at every block
                self._failure = repr(error)
                _LOG.exception("an event could not be handed on: %s", type(event).__name__)
