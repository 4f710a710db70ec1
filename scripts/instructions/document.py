"""What is printed and written: the figures, and those of another run beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from instructions.stages import ALL, Cost

SCHEMA = "edge-daemon instructions 1"


class Versions(Struct, frozen=True, kw_only=True):
    """What the figures hold for; with others they are others."""

    edge_daemon: str
    commit: str | None
    model: str
    qemu: str
    wheels: dict[str, str]
    audio: dict[str, str] = {}
    """The SHA-256 of each recording."""
    lead_s: float = 0.0
    """Seconds at the beginning of each that are not counted."""

    def named(self) -> dict[str, str]:
        """Return all that may change the figures, but our own code."""
        audio = {f"audio {name}": digest[:12] for name, digest in self.audio.items()}
        usual = {"model": self.model, "qemu": self.qemu, "lead": f"{self.lead_s:g} s"}
        return {**usual, **self.wheels, **audio}


class Row(Struct, frozen=True, kw_only=True):
    """What a program took for a recording, on a processor."""

    processor: str
    program: str
    recording: str
    cost: Cost
    spread: float
    """Share by which the highest sum of several runs is above the lowest."""

    @property
    def names(self) -> list[str]:
        """What tells it from the others."""
        return [self.processor, self.program, self.recording]


class Document(Struct, frozen=True, kw_only=True):
    """A run."""

    schema: str
    versions: Versions
    rows: list[Row]


class Changed(Struct, frozen=True):
    """One figure of this run beside the same of another."""

    row: Row
    before: float

    @property
    def by(self) -> float:
        """Share by which it changed."""
        return self.row.cost.total / self.before - 1.0


def row(processor: str, program: str, recording: str, runs: list[Cost]) -> Row:
    """Return the middle one of several runs, with how far all of them spread."""
    ordered = sorted(runs, key=lambda cost: cost.total)
    return Row(
        processor=processor, program=program, recording=recording, cost=ordered[len(runs) // 2],
        spread=ordered[-1].total / ordered[0].total - 1.0,
    )  # fmt: skip


def table(rows: list[Row]) -> str:
    """Return the figures, in millions of instructions per second of audio."""
    stages = [*dict.fromkeys(s for row in rows for s in row.cost.stages if s != ALL), ALL]
    head = ["processor", "program", "audio", *stages, "spread"]
    lines = [
        [*row.names, *(_millions(row.cost.stages.get(s)) for s in stages), f"{row.spread:.4%}"]
        for row in rows
    ]
    return _aligned([head, *lines], n_names=3)


def _millions(n: float | None) -> str:
    return "" if n is None else f"{n / 1e6:.3f}"


def read(path: Path) -> Document:
    """Read what another run wrote.

    Raises
    ------
    ValueError
        When it is something else.
    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Document)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: not written by this script: {error}") from None
    if found.schema != SCHEMA:
        raise ValueError(f"{path}: its schema is {found.schema!r}; this script reads {SCHEMA!r}")
    return found


def changes(before: Document, now: Document) -> list[Changed]:
    """Return the figures that both have."""
    known = {tuple(row.names): row.cost.total for row in before.rows}
    rows = [row for row in now.rows if tuple(row.names) in known]
    return [Changed(row, known[tuple(row.names)]) for row in rows]


def comparison(before: Document, now: Document) -> str:
    """Return how the figures changed, and what else did."""
    rows = [
        [*c.row.names, _millions(c.before), _millions(c.row.cost.total), f"{c.by:+.3%}"]
        for c in changes(before, now)
    ]
    lines = [_aligned([["processor", "program", "audio", "before", "now", "change"], *rows], 3)]
    lines += [f"not the same {what}" for what in _differences(before.versions, now.versions)]
    return "\n".join(lines)


def _differences(before: Versions, now: Versions) -> Iterator[str]:
    old, new = before.named(), now.named()
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield f"{name}: {old.get(name, 'none')} before, {new.get(name, 'none')} now"


def _aligned(rows: list[list[str]], n_names: int) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < n_names else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
