"""Two results held to each other: ratios, and where a difference is within noise."""

from __future__ import annotations

from msgspec import Struct

from edge_daemon.benchmark.document import Document, Row
from edge_daemon.benchmark.figures import figures
from edge_daemon.benchmark.measured import Measured, Ratio, ratio


class Compared(Struct, frozen=True, kw_only=True):
    """One figure in both results."""

    figure: str
    a: Measured
    b: Measured
    b_by_a: Ratio | None
    """None where the one in A is 0."""
    within_noise: bool | None
    """None where one of them has no interval."""


class Pair(Struct, frozen=True, kw_only=True):
    """The same combination in both results."""

    a: str
    b: str
    compared: list[Compared]


class Comparison(Struct, frozen=True, kw_only=True):
    """All that both have."""

    pairs: list[Pair]
    remarks: list[str]


def compare(a: Document, b: Document) -> Comparison:
    """Return B by A for each figure that both have."""
    matched = _matched(a, b)
    return Comparison(
        pairs=[
            Pair(a=first.name, b=second.name, compared=_compared(first, second))
            for first, second in matched
        ],
        remarks=_remarks(a, b, matched),
    )


def _matched(a: Document, b: Document) -> list[tuple[Row, Row]]:
    """Return the rows with the same name; of two results with one row each, these."""
    first, second = _measured(a), _measured(b)
    both = [(row, second[name]) for name, row in first.items() if name in second]
    if not both and len(first) == len(second) == 1:
        both = list(zip(first.values(), second.values(), strict=True))
    return both


def _measured(document: Document) -> dict[str, Row]:
    return {row.name: row for row in document.rows if figures(row)}


def _compared(a: Row, b: Row) -> list[Compared]:
    first, second = figures(a), figures(b)
    return [_of(name, first[name], second[name]) for name in first if name in second]


def _of(name: str, a: Measured, b: Measured) -> Compared:
    by = ratio(b, a)
    return Compared(figure=name, a=a, b=b, b_by_a=by, within_noise=by.is_noise if by else None)


def _remarks(a: Document, b: Document, matched: list[tuple[Row, Row]]) -> list[str]:
    """Say what else differs, so that nobody takes it for the effect of something else."""
    first, second = _measured(a), _measured(b)
    rules = {
        "A was stopped before its end": not a.complete,
        "B was stopped before its end": not b.complete,
        f"not the same board: A {a.board.model}, B {b.board.model}": a.board.model != b.board.model,
        f"not the same audio: A {a.audio.name}, B {b.audio.name}": a.audio.sha256 != b.audio.sha256,
        f"not the same code: A {a.commit}, B {b.commit}": a.commit != b.commit,
        "no combination is in both": not matched,
    }
    found = [text for text, is_so in rules.items() if is_so]
    for name in sorted(a.versions.keys() & b.versions.keys()):
        if a.versions[name] != b.versions[name]:
            found.append(f"not the same {name}: A {a.versions[name]}, B {b.versions[name]}")
    shown = {row.name for pair in matched for row in pair}
    found += [f"only in A: {name}" for name in first if name not in shown]
    found += [f"only in B: {name}" for name in second if name not in shown]
    return found
