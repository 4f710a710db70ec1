"""Where the monitor's news come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from msgspec import Struct

from edge_daemon.events import Event


class Lost(Struct, frozen=True):
    """There is no daemon; it is looked for again by itself."""

    why: str


class Ended(Struct, frozen=True):
    """No more will come."""

    error: Exception | None = None
    """What went wrong; None where the audio has ended."""


class Refused(Struct, frozen=True):
    """What was asked for by a key was not done."""

    why: str


News: TypeAlias = Event | Lost | Ended | Refused
Put: TypeAlias = Callable[[News], object]
"""Takes news from any thread."""


class Feed(Protocol):
    """A daemon, or a pipeline of our own."""

    name: str
    """What it is, in the heading."""

    def start(self, put: Put) -> None:
        """Begin to put news, from a thread that ends with the process."""

    def set_muted(self, muted: bool) -> None:
        """Ask for silence, or for its end; returns at once, and a refusal is put as news."""

    def stop(self) -> None:
        """End it with the next thing that happens; it is not waited for."""
