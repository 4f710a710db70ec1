"""The line that a process prints when it has heard a recording, ours and a peer's alike."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Pace = Literal["fast", "realtime"]


class HopTimes(Struct, frozen=True, kw_only=True):
    """What single hops took, in milliseconds."""

    p50: float
    p95: float
    p99: float
    max: float


class Line(Struct, frozen=True, kw_only=True):
    """What it cost to hear it."""

    audio_s: float
    cpu_s: float
    """CPU time of the process while it listened; its start is not in it."""
    start_cpu_s: float
    """CPU time until it was ready, with the interpreter and what it imports."""
    peak_rss_bytes: int | None
    hop_ms: float
    latency_ms: HopTimes
    detections: int | list[Any] = 0
    skipped_percent: float | None = None
    """Hops in which nothing was computed because there was nothing to hear."""
    start_s: float | None = None
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
