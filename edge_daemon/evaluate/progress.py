"""Progress on stderr; none where that is no terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from edge_daemon.evaluate.material import Stream
from edge_daemon.evaluate.passages import Passage

T = TypeVar("T")


def with_progress(items: Iterable[T], n_items: int, doing: str = "scoring") -> Iterator[T]:
    """Yield the items under a progress bar."""
    console = Console(stderr=True)
    yield from track(
        items, total=n_items, console=console, disable=not console.is_terminal,
        description=doing, transient=True,
    )  # fmt: skip


def watched(stream: Stream) -> Iterator[Passage]:
    """Yield the passages of a stream under a progress bar with its name."""
    return with_progress(stream.passages, stream.n_passages, stream.name)
