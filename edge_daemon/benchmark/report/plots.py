"""The pictures of the page, as PNG in base64. They need matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from edge_daemon.benchmark.conditions import Window
from edge_daemon.benchmark.document import Document, Latency, Row
from edge_daemon.drawing.canvas import (
    COLOURS,
    INK,
    LINES,
    MUTED,
    PALE,
    Axes,
    Canvas,
    Draw,
    as_png,
    open_canvas,
    plain_ticks,
)

_WIDTH = 6.4
"""Inches; as much as a phone shows without making the letters too small."""
_ABOVE = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2, "fontsize": 9}


class OverTime(NamedTuple):
    """What a sensor tells of each window."""

    name: str
    unit: str
    get: Callable[[Window], float | None]


_OVER_TIME = (
    OverTime("Temperature", "°C", lambda window: window.temperature_c),
    OverTime("Power", "W", lambda window: window.watts_mean),
    OverTime("Clock", "MHz", lambda window: window.clock_hz and window.clock_hz / 1e6),
)


def plots(document: Document) -> dict[str, str]:
    """Return pictures by what they show; none of what was not measured.

    Raises
    ------
    MissingDependency
        When matplotlib is not installed.
    """
    canvas = open_canvas()
    drawn: dict[str, Draw] = {}
    timed = [row for row in document.rows if row.pipeline_latency]
    if timed:
        drawn["latency distribution"] = partial(draw_latency, rows=timed)
    for of in _OVER_TIME:
        if any(of.get(window) is not None for window in document.windows):
            drawn[f"timeline: {of.name.lower()}"] = partial(
                draw_timeline, windows=document.windows, of=of
            )
    judged = [row for row in timed if row.accuracy]
    if judged:
        drawn["accuracy against cost"] = partial(draw_pareto, rows=judged)
    return {name: as_png(canvas, draw) for name, draw in drawn.items()}


def draw_latency(canvas: Canvas, path: Path, rows: list[Row]) -> None:
    """Draw which share of the hops, and of the inferences alone, is over after how long."""
    height = 3.6 + 0.22 * len(rows)
    with canvas.figure(path, "Latency of a hop and of its inference", (_WIDTH, height)) as [axes]:
        for i, row in enumerate(rows):
            colour = COLOURS[i % len(COLOURS)]
            if row.model_latency:
                _draw_times(axes, row.model_latency, colour, LINES[1], "")
            if row.pipeline_latency:
                _draw_times(axes, row.pipeline_latency, colour, LINES[0], row.name)
        axes.set_xscale("log")
        plain_ticks(axes)
        axes.set_xlabel("milliseconds; full line: whole hop, dashed: inference alone")
        axes.set_ylabel("calls that take no longer, %")
        axes.set_ylim(0, 101)
        axes.legend(**_ABOVE)


def _draw_times(axes: Axes, latency: Latency, colour: str, line: str, name: str) -> None:
    most = latency.percentiles_ms[:-1]  # the longest of all would be most of the picture
    label = f"{name}: p50 {latency.p50_ms.value:.3g} ms, p99 {latency.p99_ms.value:.3g} ms"
    axes.plot(most, np.arange(len(most)), line, color=colour, linewidth=1.8,
              label=label if name else None)  # fmt: skip


def draw_timeline(canvas: Canvas, path: Path, windows: list[Window], of: OverTime) -> None:
    """Draw what a sensor said over the run, with what was done when."""
    with canvas.figure(path, f"{of.name} while it was measured", (_WIDTH, 2.8)) as [axes]:
        for window in windows:
            value, end_s = of.get(window), window.begin_s + window.length_s
            if window.throttled:
                axes.axvspan(window.begin_s, end_s, color=COLOURS[1], alpha=0.25, linewidth=0)
            elif window.kind == "idle":
                axes.axvspan(window.begin_s, end_s, color=PALE, linewidth=0)
            if value is not None:
                axes.plot([window.begin_s, end_s], [value, value], color=COLOURS[0], linewidth=2.5)
        axes.set_xlabel("seconds since the run began; grey: idle, orange: throttled")
        axes.set_ylabel(of.unit)


def draw_pareto(canvas: Canvas, path: Path, rows: list[Row]) -> None:
    """Draw accuracy against the time of a hop, and which rows no other one beats in both."""
    with canvas.figure(path, "Accuracy against cost", (_WIDTH, 4.2)) as [axes]:
        points = [(_cost_ms(row), _right(row), row.name) for row in rows]
        front = pareto([(cost, right) for cost, right, _ in points])
        axes.step(*zip(*front, strict=True), where="post", color=MUTED, linewidth=1.2,
                  label="no other is better in both")  # fmt: skip
        for i, row in enumerate(rows):
            _draw_point(axes, row, COLOURS[i % len(COLOURS)])
        axes.set_xscale("log")
        axes.margins(0.15)
        plain_ticks(axes)
        axes.set_xlabel("median time of a hop, ms; bars: 95 %")
        axes.set_ylabel("clips that are right, %")
        axes.legend(**_ABOVE)


def _draw_point(axes: Axes, row: Row, colour: str) -> None:
    share = row.accuracy.share if row.accuracy else None
    if share is None:
        return
    low = share.value - share.low if share.low is not None else 0.0
    high = share.high - share.value if share.high is not None else 0.0
    axes.errorbar(
        _cost_ms(row), _right(row), yerr=[[100 * low], [100 * high]], fmt="o", color=colour,
        markeredgecolor=INK, markersize=8, capsize=3, label=row.name,
    )  # fmt: skip


def pareto(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the (cost, accuracy) that no other one beats in both, by rising cost."""
    front: list[tuple[float, float]] = []
    for cost, right in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or right > front[-1][1]:
            front.append((cost, right))
    return front


def _cost_ms(row: Row) -> float:
    return row.pipeline_latency.p50_ms.value if row.pipeline_latency else 0.0


def _right(row: Row) -> float:
    return 100.0 * row.accuracy.share.value if row.accuracy else 0.0
