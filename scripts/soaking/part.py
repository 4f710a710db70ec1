"""What was seen in one part of the soak, and what is demanded of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from edge_daemon.cli.arguments import EXIT_START_AGAIN
from soaking.trend import growth, slope
from soaking.watch import Sample


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a soak may show at most."""

    slope_mib_per_h: float
    """Of the resident memory, after the warm-up; in the fast part an hour is one of audio."""
    growth: int = 0
    """Threads and open files that were not there in the beginning."""


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the samples, as the daemon's last summary says."""

    captured: int
    processed: int
    dropped: int
    played: int
    """What its source delivered, as counted there, at the daemon's rate."""
    is_all: bool
    """The source waits for the daemon: what was played is what was captured."""


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault, and the first word after it."""

    at_s: float
    name: str
    did: str
    recovered_s: float | None
    """From the mending to STATUS=listening; None where it did not recover."""
    word: str
    heard: list[str]
    dropped_samples: int
    """From before the fault to after the word."""

    @property
    def problem(self) -> str | None:
        """What went wrong; None where nothing did."""
        if self.recovered_s is None:
            return f"no recovery from {self.name} ({self.did}) at {self.at_s:.0f} s"
        if self.heard != [self.word]:
            where = f"after {self.name} ({self.did}) at {self.at_s:.0f} s"
            return f"{self.word!r} was said {where}, heard {self.heard or 'nothing'}"
        return None


class Part(msgspec.Struct, kw_only=True):
    """One run of the daemon from its start to its end."""

    name: str
    hours: float
    seconds: float
    warm_up_hours: float
    exit_code: int
    accounts: Accounts
    n_heard: int
    samples: list[Sample]
    faults: list[Fault] = []
    problems: list[str] = []
    """What went wrong beside what can be counted."""
    log: list[str] = []
    """What the daemon has said, without its summaries."""

    @property
    def warm(self) -> list[Sample]:
        """What was seen after the warm-up."""
        return [sample for sample in self.samples if sample.hours >= self.warm_up_hours]

    @property
    def slope_mib_per_h(self) -> float:
        """Growth of the memory after the warm-up."""
        return slope([s.hours for s in self.warm], [s.rss_mib for s in self.warm])

    def figures(self) -> dict[str, Any]:
        """Return what a reader wants to know first, ready for JSON."""
        rss = [s.rss_mib for s in self.warm] or [0.0]
        return {
            "hours": round(self.hours, 4),
            "seconds": round(self.seconds, 1),
            "rss_mib_per_h": round(self.slope_mib_per_h, 4),
            "rss_mib": {"first": rss[0], "last": rss[-1], "max": max(rss)},
            "threads": _range([s.n_threads for s in self.warm]),
            "descriptors": _range([s.n_fds for s in self.warm]),
            "n_heard": self.n_heard,
            "n_faults": len(self.faults),
        }


def broken(part: Part, limits: Limits) -> list[str]:
    """Return a line for each limit that a part breaks."""
    found = [*part.problems, *filter(None, (fault.problem for fault in part.faults))]
    if part.exit_code not in (0, EXIT_START_AGAIN):  # the report tells of the life after that
        found.append(f"it ended with exit code {part.exit_code}")
    found += [*_unaccounted(part.accounts), *_grown(part, limits)]
    return [f"{part.name}: {text}" for text in found]


def _unaccounted(accounts: Accounts) -> list[str]:
    missing = accounts.captured - accounts.processed - accounts.dropped
    found = [f"{missing} samples came in and were neither processed nor dropped"] if missing else []
    beyond = accounts.captured - accounts.played
    if beyond > 0 or (accounts.is_all and beyond):
        found.append(f"{accounts.played} samples were played, {accounts.captured} captured")
    return found


def _grown(part: Part, limits: Limits) -> list[str]:
    if len(part.warm) < 3:
        return [f"only {len(part.warm)} looks at it after the warm-up"]
    found = []
    if part.slope_mib_per_h > limits.slope_mib_per_h:
        found.append(
            f"memory grows by {part.slope_mib_per_h:.2f} MiB an hour, "
            f"{limits.slope_mib_per_h:g} are allowed"
        )
    counts = {
        "threads": [s.n_threads for s in part.warm],
        "descriptors": [s.n_fds for s in part.warm],
    }
    for what, values in counts.items():
        if growth(values) > limits.growth:
            found.append(f"{growth(values)} {what} more at the end than at the beginning")
    return found


def _range(values: Sequence[int]) -> dict[str, int]:
    return {"min": min(values, default=0), "max": max(values, default=0), "growth": growth(values)}
