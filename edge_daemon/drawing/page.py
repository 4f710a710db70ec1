"""A page of one file: it needs no other file and no network, and fits a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from edge_daemon.errors import MissingDependency

Row = Sequence[str]
_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: #1f2933; background: #fff;
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; line-height: 1.25; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.verdict { padding: .75rem 1rem; border-left: .3rem solid #2b8a3e; background: #ebfbee; }
.verdict.refused { border-color: #c92a2a; background: #fff5f5; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .3rem .6rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid #e4e7eb; overflow-wrap: normal; }
td { font-variant-numeric: tabular-nums; }
tr.kept td:first-child { box-shadow: inset .25rem 0 #2b8a3e; }
tr.broken td:first-child { box-shadow: inset .25rem 0 #c92a2a; }
img { display: block; max-width: 100%; height: auto; margin: 1rem 0; }
@media (max-width: 40rem) { body { padding: .75rem; } th, td { padding: .25rem .4rem; } }
"""


def page(title: str, parts: Iterable[str], style: str = "") -> str:
    """Return the whole page.

    Parameters
    ----------
    title : str
    parts : iterable of str
        HTML, in order.
    style : str
        CSS beside that of every page.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}{style}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{''.join(parts)}</body></html>\n"
    )


def section(heading: str, content: str) -> str:
    """Return HTML under a heading."""
    return f"<h2>{escape(heading)}</h2>\n{content}"


def bullets(lines: Iterable[str]) -> str:
    """Return a list of texts; nothing without any."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>\n" if items else ""


def pictures(draw: Callable[[], Mapping[str, str]], key: str = "") -> str:
    """Return what ``draw`` gives by name, in base64; or a line that says why there is nothing.

    key : HTML that explains them
    """
    try:
        drawn = draw()
    except MissingDependency as error:
        return f"<p>No plots: {escape(str(error))}</p>\n"
    return key + "".join(_image(name, png) for name, png in drawn.items())


def _image(name: str, png: str) -> str:
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{png}">\n'


def table(heading: Row, rows: Iterable[Row], kinds: Iterable[str] = ()) -> str:
    """Return a table that can be moved sideways where it is wider than the screen.

    kinds : a style for each row (``kept``, ``broken``), ``""`` for none
    """
    styles = iter(kinds)
    body = "".join(
        f'<tr class="{escape(next(styles, ""))}">{_cells("td", row)}</tr>\n' for row in rows
    )
    return (
        f'<div class="wide"><table>\n<thead><tr>{_cells("th", heading)}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def _cells(tag: str, row: Row) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
