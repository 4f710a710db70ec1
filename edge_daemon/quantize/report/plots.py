"""The pictures of the page, as PNG in base64. They need matplotlib."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from edge_daemon.drawing.canvas import (
    COLOURS,
    INK,
    MUTED,
    Axes,
    Canvas,
    Draw,
    as_png,
    open_canvas,
    plain_ticks,
)
from edge_daemon.quantize.gate import Latency, Stats
from edge_daemon.quantize.report.pareto import draw_pareto
from edge_daemon.quantize.result import QuantizationResult

_WIDTH = 5.4
"""Inches; as much as a phone shows without making the letters too small."""


def plots(result: QuantizationResult) -> dict[str, str]:
    """Return pictures by what they show; none of what was not measured.

    Raises
    ------
    MissingDependency
        When matplotlib is not installed.
    """
    canvas = open_canvas()
    drawn: dict[str, Draw] = {}
    stats = result.stats
    if stats is not None:
        drawn["size"] = partial(draw_size, stats=stats)
        if stats.original_latency_ms.percentiles and stats.quantized_latency_ms.percentiles:
            drawn["latency"] = partial(draw_latency, stats=stats)
        drawn["accuracy by class"] = partial(draw_recall, stats=stats)
    if any(trial.stats for trial in result.trials):
        drawn["Pareto front of size and latency"] = partial(draw_pareto, result=result)
    return {name: as_png(canvas, draw) for name, draw in drawn.items()}


def draw_size(canvas: Canvas, path: Path, stats: Stats) -> None:
    """Draw the sizes of the files, and of the weights in them."""
    rows = [
        ("original, ONNX", stats.original_bytes, stats.original_weight_bytes, COLOURS[0]),
        ("quantized", stats.quantized_bytes, stats.quantized_weight_bytes, COLOURS[1]),
    ]
    if stats.source_bytes is not None:
        rows.insert(0, ("as given", stats.source_bytes, stats.original_weight_bytes, MUTED))
    title = f"Size: {stats.compression_ratio:.2f} times smaller"
    with canvas.figure(path, title, (_WIDTH, 1.3 + 0.55 * len(rows))) as [axes]:
        for place, (_, file_bytes, weight_bytes, colour) in enumerate(rows):
            axes.barh(place, file_bytes / 1e6, 0.62, color=colour, alpha=0.35)
            axes.barh(place, weight_bytes / 1e6, 0.62, color=colour)
            axes.annotate(f"{file_bytes / 1e6:.3g} MB", (file_bytes / 1e6, place), (5, 0),
                          textcoords="offset points", va="center")  # fmt: skip
        axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
        axes.invert_yaxis()
        axes.margins(x=0.2)
        axes.set_xlim(left=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("MB; full colour: weights alone")


def draw_latency(canvas: Canvas, path: Path, stats: Stats) -> None:
    """Draw which share of the inferences is over after how long."""
    title = f"Latency: {stats.speedup:.2f} times as fast"
    with canvas.figure(path, title, (_WIDTH, 3.8)) as [axes]:
        _draw_times(axes, "original", stats.original_latency_ms, COLOURS[0])
        _draw_times(axes, "quantized", stats.quantized_latency_ms, COLOURS[1])
        axes.set_xscale("log")
        plain_ticks(axes)
        axes.set_xlabel("milliseconds of one inference, one thread")
        axes.set_ylabel("inferences that take no longer, %")
        axes.set_ylim(0, 101)
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2)


def _draw_times(axes: Axes, name: str, latency: Latency, colour: str) -> None:
    label = f"{name}: p50 {latency.p50:.3g} ms, p99 {latency.p99:.3g} ms"
    shares = np.linspace(0.0, 100.0, len(latency.percentiles))
    axes.plot(latency.percentiles, shares, color=colour, linewidth=2.2, label=label)
    for value, share in ((latency.p50, 50), (latency.p95, 95), (latency.p99, 99)):
        axes.plot(value, share, "o", color=colour, markersize=5, markeredgecolor="white")


def draw_recall(canvas: Canvas, path: Path, stats: Stats) -> None:
    """Draw the share that is right of each label, before and after."""
    rows = sorted(stats.recall.items(), key=lambda row: row[1][0])
    title = f"Accuracy by class: {stats.accuracy_loss:.2f} points lost in all"
    with canvas.figure(path, title, (_WIDTH, 1.6 + 0.3 * len(rows))) as [axes]:
        for place, (_, (before, after)) in enumerate(rows):
            axes.plot([100 * before, 100 * after], [place, place], color=MUTED, linewidth=2)
        places = range(len(rows))
        for i, (name, size) in enumerate((("original", 9.0), ("quantized", 6.0))):
            values = [100 * both[i] for _, both in rows]
            axes.plot(values, places, "o", color=COLOURS[i], markersize=size, label=name)
        axes.set_yticks(places, [label for label, _ in rows], color=INK)
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlabel("right, % of what was said")
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.2)
