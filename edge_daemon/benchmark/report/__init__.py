"""One page that shows a result, in a single file."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from edge_daemon.benchmark.document import Document
from edge_daemon.benchmark.remarks import INCOMPLETE
from edge_daemon.benchmark.report.plots import plots
from edge_daemon.benchmark.tables import HOW_TO_READ, TableOf, tables, where
from edge_daemon.drawing.page import bullets, image, page, section, table
from edge_daemon.errors import MissingDependency

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
    yield _pictures(document)
    yield section("Where", table(("", ""), where(document)))


def _heading(each: TableOf) -> str:
    return each.title[0].upper() + each.title[1:]


def _pictures(document: Document) -> str:
    try:
        images = plots(document)
    except MissingDependency as error:
        return f"<p>No plots: {escape(str(error))}</p>\n"
    return "".join(image(name, png) for name, png in images.items())
