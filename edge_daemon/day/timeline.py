"""A picture over the time of a day, with what was not as it should be behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_daemon.day.day import Day, Value, local
from edge_daemon.day.spans import Span
from edge_daemon.drawing.canvas import Axes, Canvas

_SIZE = (7.2, 2.3)
_MIN, _H = 60, 3600
_STEPS_S = (
    5, 10, 30, _MIN, 2 * _MIN, 5 * _MIN, 10 * _MIN, 30 * _MIN, _H, 2 * _H, 3 * _H, 4 * _H,
)  # fmt: skip
_MOST_TICKS = 9
SHADES = (
    ("not_running", "#ced4da", "not running"),
    ("without_records", "#e9ecef", "no records"),
    ("without_audio", "#ffd8a8", "no audio"),
    ("muted", "#fff3bf", "muted"),
    ("throttled", "#ffc9c9", "held back"),
)
"""Which times are shaded in which colour."""
_DROPPED_COLOUR = "#e8590c"
_LEFT_POINTS = 82
_THINNEST = 0.002
"""Of the width; less cannot be seen."""


@contextmanager
def timeline(
    canvas: Canvas, path: Path, day: Day, title: str, size: tuple[float, float] = _SIZE
) -> Iterator[Axes]:
    """Yield axes whose x is seconds since the epoch."""
    with canvas.figure(path, title, size) as [axes]:
        first_s, last_s, step_s = _bounds(day)
        for name, colour, _ in SHADES:
            for span in getattr(day, name):
                _shade(axes, span, colour, _THINNEST * (last_s - first_s))
        for span, _ in day.dropping:
            axes.plot(span.end_s, 1.0, "v", color=_DROPPED_COLOUR, markersize=6, clip_on=False,
                      transform=axes.get_xaxis_transform())  # fmt: skip
        _align(axes)
        yield axes
        axes.set_xlim(first_s, last_s)
        n_ticks = round((last_s - first_s) / step_s) + 1
        ticks = [first_s + i * step_s for i in range(n_ticks)]
        axes.set_xticks(ticks, [_clock(t, step_s, day) for t in ticks])


def draw_line(
    axes: Axes, day: Day, value: Value, colour: str, label: str = "", **style: float
) -> None:
    """Draw a figure of the summaries; the line has gaps where there was none."""
    points = list(day.line(value))
    times = [at_s for at_s, _ in points]
    values = [math.nan if found is None else found for _, found in points]
    alone = "." if len(points) < 3 else ""  # a line needs two points
    axes.plot(times, values, color=colour, label=label, marker=alone, **style)


def _align(axes: Axes) -> None:
    """Keep the same room for the figures at the left of every picture, so that times align."""
    axes.annotate(".", (0, 0), (-_LEFT_POINTS, 0), xycoords="axes fraction",
                  textcoords="offset points", alpha=0)  # fmt: skip


def _shade(axes: Axes, span: Span, colour: str, least_s: float) -> None:
    axes.axvspan(span.begin_s, max(span.end_s, span.begin_s + least_s), color=colour, linewidth=0)


def _bounds(day: Day) -> tuple[float, float, float]:
    """Return from when to when is drawn, at whole steps since midnight, and the step."""
    for step_s in _STEPS_S:
        first = math.floor((day.first_s - day.begin_s) / step_s)
        last = max(first + 1, math.ceil((day.last_s - day.begin_s) / step_s))
        if last - first < _MOST_TICKS:
            break
    return day.begin_s + first * step_s, day.begin_s + last * step_s, step_s


def _clock(at_s: float, step_s: float, day: Day) -> str:
    if at_s == day.end_s:
        return "24:00"
    return local(at_s).strftime("%H:%M" if step_s % _MIN == 0 else "%H:%M:%S")
