"""One page that says what was tried and what came of it, in a single file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape

from edge_daemon.drawing.page import bullets, page, pictures, section, table
from edge_daemon.machine import machine
from edge_daemon.quantize.report.front import front
from edge_daemon.quantize.report.plots import plots
from edge_daemon.quantize.report.remarks import remarks
from edge_daemon.quantize.report.tables import (
    gate_table,
    recall_table,
    stats_table,
    trials_table,
)
from edge_daemon.quantize.result import QuantizationResult

_STYLE = """
.tried td { white-space: nowrap; }
.tried td:nth-child(2) { white-space: normal; min-width: 9rem; }
.tried td:nth-child(3) { white-space: normal; min-width: 14rem; }
"""


def report(result: QuantizationResult) -> str:
    """Return the page."""
    return page(f"{result.original.name} → {result.output.name}", _parts(result), _STYLE)


def _parts(result: QuantizationResult) -> Iterator[str]:
    yield _verdict(result)
    yield bullets(remarks(result))
    stats, chosen = result.stats, result.chosen.name if result.chosen else None
    if stats is not None:
        whose = chosen or "the one that came nearest"
        yield section(f"The gate: {whose}", gate_table(stats, result.gate))
        yield section("Measured in one run, in turns", stats_table(stats))
    yield pictures(partial(plots, result))
    if stats is not None:
        yield section("Accuracy by class", recall_table(stats))
    if result.trials:
        names = {trial.method.name for trial in front(result.trials, result.gate)}
        tried = trials_table(result.trials, chosen, names)
        yield section("What was tried", f'<div class="tried">{tried}</div>\n')
    yield section("Where", table(("", ""), machine().items()))


def _verdict(result: QuantizationResult) -> str:
    stats = result.stats
    if result.chosen is None or stats is None:
        reasons = bullets(result.reasons or ("nothing could be measured",))
        return (
            '<div class="verdict refused"><strong>The original was kept</strong>: '
            f"{escape(result.output.name)} is the float model.{reasons}</div>\n"
        )
    return (
        f'<div class="verdict"><strong>Quantized</strong> with {escape(result.chosen.name)}: '
        f"{stats.compression_ratio:.2f} times smaller, {stats.speedup:.2f} times as fast, "
        f"{stats.accuracy_loss:.2f} points of accuracy lost on {stats.n_evaluated} inputs.</div>\n"
    )
