"""Shows a result, or two, on the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from edge_daemon.benchmark.compare import Comparison
from edge_daemon.benchmark.document import Document
from edge_daemon.benchmark.remarks import INCOMPLETE
from edge_daemon.benchmark.tables import (
    HOW_TO_COMPARE,
    HOW_TO_READ,
    TableOf,
    compared_table,
    tables,
)
from edge_daemon.evaluate.terminal import console

_WIDTH = 100
_NAME_WIDTH = 16


def print_document(document: Document, *, stderr: bool = False) -> None:
    """Print the tables and what to know about them."""
    out = _console(stderr=stderr)
    out.print(f"{document.board.model}, {document.began}", markup=False, highlight=False)
    for table in tables(document):
        out.print(_drawn(table))
    out.print(HOW_TO_READ, markup=False, highlight=False)
    _print_lines(out, [*([] if document.complete else [INCOMPLETE]), *document.remarks])


def print_comparison(comparison: Comparison, *, stderr: bool = False) -> None:
    """Print ratios, and where they say nothing."""
    out = _console(stderr=stderr)
    for pair in comparison.pairs:
        out.print(_drawn(compared_table(pair)))
    out.print(HOW_TO_COMPARE, markup=False, highlight=False)
    _print_lines(out, comparison.remarks)


def _console(*, stderr: bool) -> Console:
    found = console(stderr=stderr)
    found.width = min(found.width, _WIDTH)
    return found


def _print_lines(out: Console, lines: list[str]) -> None:
    for line in lines:
        out.print(f"- {line}", markup=False, highlight=False)


def _drawn(table: TableOf) -> Table:
    """Return it as rich draws it; files and peers may have names with brackets."""
    first, *others = table.headings
    drawn = Table(
        Column(first, min_width=_NAME_WIDTH), title=escape(table.title), title_justify="left",
        box=SIMPLE_HEAD, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for heading in others:
        drawn.add_column(heading, justify="right" if heading else "left")
    before = None
    for name, *cells in table.rows:
        drawn.add_row(*map(escape, ("" if name == before else name, *cells)))
        before = name
    return drawn
