"""One page that says what was tried and what came of it, in a single file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from edge_daemon.errors import MissingDependency
from edge_daemon.quantize.report.front import front
from edge_daemon.quantize.report.machine import machine
from edge_daemon.quantize.report.plots import plots
from edge_daemon.quantize.report.remarks import remarks
from edge_daemon.quantize.report.tables import (
    gate_table,
    recall_table,
    stats_table,
    table,
    trials_table,
)
from edge_daemon.quantize.result import QuantizationResult

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
.tried td { white-space: nowrap; }
.tried td:nth-child(2) { white-space: normal; min-width: 9rem; }
.tried td:nth-child(3) { white-space: normal; min-width: 14rem; }
tr.kept td:first-child { box-shadow: inset .25rem 0 #2b8a3e; }
tr.broken td:first-child { box-shadow: inset .25rem 0 #c92a2a; }
img { display: block; max-width: 100%; height: auto; margin: 1rem 0; }
@media (max-width: 40rem) { body { padding: .75rem; } th, td { padding: .25rem .4rem; } }
"""


def page(result: QuantizationResult) -> str:
    """Return the page: it needs no other file and no network, and fits a phone."""
    title = f"{result.original.name} → {result.output.name}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n<h1>{escape(title)}</h1>\n{''.join(_parts(result))}</body></html>\n"
    )


def _parts(result: QuantizationResult) -> Iterator[str]:
    yield _verdict(result)
    yield _list(remarks(result))
    stats, chosen = result.stats, result.chosen.name if result.chosen else None
    if stats is not None:
        whose = chosen or "the one that came nearest"
        yield f"<h2>The gate: {escape(whose)}</h2>\n{gate_table(stats, result.gate)}"
        yield f"<h2>Measured in one run, in turns</h2>\n{stats_table(stats)}"
    yield _pictures(result)
    if stats is not None:
        yield f"<h2>Accuracy by class</h2>\n{recall_table(stats)}"
    if result.trials:
        names = {trial.method.name for trial in front(result.trials, result.gate)}
        tried = trials_table(result.trials, chosen, names)
        yield f'<h2>What was tried</h2>\n<div class="tried">{tried}</div>\n'
    yield f"<h2>Where</h2>\n{table(('', ''), machine().items())}"


def _verdict(result: QuantizationResult) -> str:
    stats = result.stats
    if result.chosen is None or stats is None:
        reasons = _list(result.reasons or ("nothing could be measured",))
        return (
            '<div class="verdict refused"><strong>The original was kept</strong>: '
            f"{escape(result.output.name)} is the float model.{reasons}</div>\n"
        )
    return (
        f'<div class="verdict"><strong>Quantized</strong> with {escape(result.chosen.name)}: '
        f"{stats.compression_ratio:.2f} times smaller, {stats.speedup:.2f} times as fast, "
        f"{stats.accuracy_loss:.2f} points of accuracy lost on {stats.n_evaluated} inputs.</div>\n"
    )


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>\n" if items else ""


def _pictures(result: QuantizationResult) -> str:
    try:
        images = plots(result)
    except MissingDependency as error:
        return f"<p>No plots: {escape(str(error))}</p>\n"
    return "".join(
        f'<img alt="{escape(name)}" src="data:image/png;base64,{data}">\n'
        for name, data in images.items()
    )
