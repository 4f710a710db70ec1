"""What a run has found so far, before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_daemon.benchmark.candidate import Candidate
from edge_daemon.benchmark.combination import Combination
from edge_daemon.benchmark.document import Accuracy
from edge_daemon.benchmark.line import Description, Line, Pace

RoundsMs = list[list[float]]
"""What single calls took, in milliseconds, round by round."""


@dataclass
class Heard:
    """The lines of processes, by round."""

    fast: dict[int, Line] = field(default_factory=dict)
    realtime: dict[int, Line] = field(default_factory=dict)
    refused: str | None = None
    """Why it is not run any more."""

    def of(self, pace: Pace) -> dict[int, Line]:
        """Return the lines of one pace."""
        return self.fast if pace == "fast" else self.realtime


@dataclass
class OfRow(Heard):
    """Of one combination."""

    combination: Combination = field(kw_only=True)
    candidate: Candidate | None = None
    model_ms: RoundsMs = field(default_factory=list)
    pipeline_ms: RoundsMs = field(default_factory=list)
    share_ends: list[int] = field(default_factory=list)
    """How many of these there were after each share of the time."""
    accuracy: Accuracy | None = None

    @property
    def name(self) -> str:
        """Name of the row."""
        return self.combination.name


@dataclass
class OfPeer(Heard):
    """Of one peer."""

    script: str = field(kw_only=True)
    """As it was named."""
    command: list[str] = field(kw_only=True)
    described: Description | None = None

    @property
    def name(self) -> str:
        """Name of the row."""
        return self.described.name if self.described else self.script
