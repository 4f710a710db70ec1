"""One page that shows a result, in a single file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape

from edge_daemon.benchmark.document import Document
from edge_daemon.benchmark.remarks import INCOMPLETE
from edge_daemon.benchmark.report.plots import plots
from edge_daemon.benchmark.tables import HOW_TO_READ, TableOf, tables, where
from edge_daemon.drawing.page import bullets, page, pictures, section, table

_STYLE = "td:first-child { min-width: 9rem; } td { white-space: nowrap; }\n"


def report(document: Document) -> str:
    """Return the page."""
    return page(f"Benchmark: {document.board.model}", _parts(document), _STYLE)


def _parts(document: Document) -> Iterator[str]:
    if not document.complete:
        yield f'<div class="verdict refused"><strong>{escape(INCOMPLETE)}</strong></div>\n'
    yield bullets(document.remarks)
    for each in tables(document):
        yield section(_heading(each), table(each.headings, each.rows))
    yield f"<p>{escape(HOW_TO_READ)}</p>\n"
    yield pictures(partial(plots, document))
    yield section("Where", table(("", ""), where(document)))


def _heading(each: TableOf) -> str:
    return each.title[0].upper() + each.title[1:]
