"""The line that a process prints when it has heard a recording, ours and a peer's alike."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

Pace = Literal["fast", "realtime"]

Amount = Annotated[float, Meta(ge=0.0, le=1e12)]
"""What can be measured; a figure outside of this is a mistake of the peer."""


class HopTimes(Struct, frozen=True, kw_only=True):
    """What single hops took, in milliseconds."""

    p50: Amount
    p95: Amount
    p99: Amount
    max: Amount


class Line(Struct, frozen=True, kw_only=True):
    """What it cost to hear it."""

    audio_s: Amount
    cpu_s: Amount
    """CPU time of the process while it listened; its start is not in it."""
    start_cpu_s: Amount
    """CPU time until it was ready, with the interpreter and what it imports."""
    peak_rss_bytes: Annotated[int, Meta(gt=0)] | None
    hop_ms: Amount
    latency_ms: HopTimes
    detections: int | list[Any] = 0
    skipped_percent: Amount | None = None
    """Hops in which nothing was computed because there was nothing to hear."""
    start_s: Amount | None = None
    """The same on the clock, from the start of the process; a peer need not know."""

    @property
    def cpu_percent(self) -> float:
        """Share of one core."""
        return 100.0 * self.cpu_s / self.audio_s

    @property
    def n_detections(self) -> int:
        """How many words it heard."""
        return len(self.detections) if isinstance(self.detections, list) else self.detections


class Description(Struct, frozen=True, kw_only=True):
    """What a peer says of itself."""

    name: str
    version: str = ""
    words: list[str] = []
