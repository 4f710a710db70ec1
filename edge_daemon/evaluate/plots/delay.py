"""When words are detected, against when their voice ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_daemon.drawing.canvas import COLOURS, INK, Canvas
from edge_daemon.evaluate.tally import Condition

_BIN_MS = 50
_OUTSIDE = 0.004
"""Share of the delays at either end that are drawn in the outermost steps."""


def draw_delay(canvas: Canvas, path: Path, model: str, conditions: Sequence[Condition]) -> None:
    """Draw a histogram of the delays of hits, a line for each ratio of speech to noise."""
    tallies = {c.name: c.words.all for c in conditions if c.words.all.delays_ms}
    delays = np.concatenate([[0.0], *(t.delays_ms for t in tallies.values())])
    first, last = np.floor(np.quantile(delays, [_OUTSIDE, 1.0 - _OUTSIDE]) / _BIN_MS)
    edges = _BIN_MS * np.arange(min(first, 0.0), last + 2)
    with canvas.figure(path, f"{model}: from the end of the word to its detection", (8.5, 4.6)) as [
        axes
    ]:
        for i, (name, tally) in enumerate(tallies.items()):
            clipped = np.clip(tally.delays_ms, edges[0], edges[-1] - 1)
            shares = 100.0 * np.histogram(clipped, edges)[0] / tally.hits
            p50, p95, _ = (tally.delay_ms() or {}).values()
            label = f"{name}: p50 {p50} ms, p95 {p95} ms, {tally.hits:,} hits"
            axes.stairs(shares, edges, color=COLOURS[i], linewidth=2, label=label)
            axes.stairs(shares, edges, color=COLOURS[i], fill=True, alpha=0.12)
            axes.axvline(p95, color=COLOURS[i], linewidth=1.2, linestyle=":")
        axes.axvline(0, color=INK, linewidth=1)
        axes.annotate(
            "the voice ends", (0, 1), (-4, -2), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right", va="top", fontsize=9,
        )  # fmt: skip
        axes.set_xlabel(f"delay in milliseconds, in steps of {_BIN_MS}; dotted: p95")
        axes.set_ylabel("share of the hits, %")
        axes.set_ylim(bottom=0)
        if tallies:
            axes.legend(loc="upper right")
