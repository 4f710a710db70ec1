"""Two results held to each other: ratios, and where a difference is within noise."""

from __future__ import annotations

from collections.abc import Iterator

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
    rules = {
        "A was stopped before its end": not a.complete,
        "B was stopped before its end": not b.complete,
        "no combination is in both": not matched,
    }
    found = [text for text, is_so in rules.items() if is_so]
    found += [
        f"not the same {what}: A {first}, B {second}"
        for what, (first, second) in _sides(a, b, matched)
        if first != second
    ]
    shown = {row.name for pair in matched for row in pair}
    found += [f"only in A: {name}" for name in _measured(a) if name not in shown]
    found += [f"only in B: {name}" for name in _measured(b) if name not in shown]
    return found


def _sides(
    a: Document, b: Document, matched: list[tuple[Row, Row]]
) -> Iterator[tuple[str, tuple[object, object]]]:
    """Yield what should be the same in both, with what it is in each."""
    yield "board", (a.board.model, b.board.model)
    yield "audio", (_audio(a), _audio(b))
    yield "code", (a.commit, b.commit)
    if a.data and b.data:
        yield "clips", (_clips(a), _clips(b))
    if a.sensors.meter and b.sensors.meter:
        yield "power meter", (a.sensors.meter, b.sensors.meter)
    for name in sorted(a.versions.keys() & b.versions.keys()):
        yield name, (a.versions[name], b.versions[name])
    for first, second in matched:
        if first.name == second.name:
            yield f"provider for {first.name}", (first.obtained_provider, second.obtained_provider)
            yield f"file for {first.name}", (first.model_file, second.model_file)


def _audio(document: Document) -> str:
    return f"{document.audio.name}, SHA-256 {document.audio.sha256[:12]}"


def _clips(document: Document) -> str:
    limit = document.settings.limit
    return f"{document.data}, {f'{limit} at most' if limit else 'all'}"
