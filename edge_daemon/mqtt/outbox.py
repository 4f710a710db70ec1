"""What waits for the broker: bounded, and of what is retained only the newest."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from msgspec import Struct, field


class Message(Struct, frozen=True, kw_only=True):
    """Something to be published."""

    topic: str
    payload: bytes
    qos: int
    retain: bool = False
    since_s: float = field(default_factory=time.monotonic)
    """Monotonic clock at which it began to wait."""


class Outbox:
    """Takes messages from any thread, without waiting, and gives them to the network's.

    Parameters
    ----------
    limit : int
        Messages that wait at a time; more are dropped and counted.
    stale_after_s : float, optional
        What is not retained and has waited for longer is dropped and counted, too.
    wake : callable
        Is called, in whatever thread, when there is something to send.
    """

    def __init__(self, limit: int, stale_after_s: float | None, wake: Callable[[], object]) -> None:
        self._limit = limit
        self._stale_after_s = stale_after_s
        self._wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[Message] = deque()
        self._kept: dict[str, Message] = {}
        self._unsent: dict[str, None] = {}
        self.n_dropped = 0
        """Messages for which there was no room."""
        self.n_stale = 0
        """Messages that nobody wants any more."""

    def put(self, message: Message) -> bool:
        """Send it once; return False where it was dropped."""
        with self._lock:
            fits = len(self._waiting) < self._limit
            if fits:
                self._waiting.append(message)
            else:
                self.n_dropped += 1
        self._wake()
        return fits

    def keep(self, message: Message) -> None:
        """Send it now and after each new connection, until another one takes its place."""
        with self._lock:
            self._kept[message.topic] = message
            self._unsent[message.topic] = None
        self._wake()

    def kept(self, topic: str) -> Message | None:
        """Return what is kept for a topic."""
        return self._kept.get(topic)

    def renew(self) -> None:
        """Send all that is kept again: the broker, or who listens to it, may have forgotten it."""
        with self._lock:
            self._unsent = dict.fromkeys(self._kept)

    def put_back(self, messages: Iterable[Message]) -> None:
        """Send first what the broker did not acknowledge; what is kept is renewed anyway."""
        with self._lock:
            again = [m for m in messages if m.topic not in self._kept]
            self._waiting.extendleft(reversed(again))

    def take(self) -> Message | None:
        """Return what is to be sent next, if anything is."""
        with self._lock:
            if self._unsent:
                topic = next(iter(self._unsent))
                del self._unsent[topic]
                return self._kept[topic]
            while self._waiting:
                message = self._waiting.popleft()
                if not self._is_stale(message):
                    return message
                self.n_stale += 1
        return None

    @property
    def is_empty(self) -> bool:
        """Nothing is to be sent."""
        return not (self._waiting or self._unsent)

    def _is_stale(self, message: Message) -> bool:
        if message.retain or self._stale_after_s is None:
            return False
        return time.monotonic() - message.since_s > self._stale_after_s
