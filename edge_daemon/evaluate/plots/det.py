"""Detection error trade-off: misses against false accepts an hour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_daemon.drawing.canvas import COLOURS, INK, LINES, MUTED, PALE, Axes, Canvas
from edge_daemon.evaluate.bounds import most_per_hour
from edge_daemon.evaluate.det import ALL_WORDS, Curve
from edge_daemon.evaluate.sweep import Trial

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
_RATES = tuple(m * 10.0**k for k in range(-3, 5) for m in (1, 2, 5))
_NONE = 0.5
"""Where no false accept at all is drawn, in false accepts over all hours."""
_HOW = {
    "alone": "said alone", "after": "as if a wake word had just been said",
    "wake": "wake words", "after and alone": "each in its mode",
}  # fmt: skip


def draw_det(
    canvas: Canvas, path: Path, title: str, curves: Sequence[Curve], marked: str
) -> None:  # fmt: skip
    """Draw a panel for all words and one for each mode of the single words.

    Parameters
    ----------
    marked : str
        What the marked points are.
    """
    panels = _panels(curves)
    lowest = min((_miss(p) for c in curves for p in c.points), default=1.0)
    with canvas.figure(path, title, (1.2 + 6.2 * len(panels), 5.2), len(panels)) as axes_of:
        for axes, (name, shown) in zip(axes_of, panels.items(), strict=True):
            axes.set_title(name)
            _draw_panel(axes, shown, marked)
            _set_scales(axes, shown, lowest)
        axes_of[0].set_ylabel("missed, % of the times said")


def _panels(curves: Sequence[Curve]) -> dict[str, list[Curve]]:
    found: dict[str, list[Curve]] = {}
    for curve in curves:
        if curve.name == ALL_WORDS:
            name = f"{ALL_WORDS} at one threshold, {_HOW[curve.mode]}"
        else:
            name = f"{curve.noise}, {_HOW[curve.mode]}"
        found.setdefault(name, []).append(curve)
    return found


def _draw_panel(axes: Axes, curves: Sequence[Curve], marked: str) -> None:
    for i, curve in enumerate(curves):
        is_all = curve.name == ALL_WORDS
        colour = COLOURS[i % len(COLOURS)]
        said = curve.points[0].said
        axes.plot(
            [_x(p) for p in curve.points], [_miss(p) for p in curve.points],
            color=colour, linewidth=2.6 if is_all else 1.6,
            linestyle=LINES[i // len(COLOURS) % len(LINES)],
            label=f"{curve.noise if is_all else curve.name} ({said:,})",
        )  # fmt: skip
        if curve.marked:
            axes.plot(
                _x(curve.marked), _miss(curve.marked), "o", color=colour, markersize=6,
                markeredgecolor="white",
            )  # fmt: skip
    if any(c.marked for c in curves):
        axes.plot([], [], "o", color=MUTED, label=marked)
    axes.legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9, title="(times said)"
    )  # fmt: skip


def _set_scales(axes: Axes, curves: Sequence[Curve], lowest: float) -> None:
    hours = curves[0].points[0].hours
    axes.set_xscale("log")
    axes.set_yscale("log")
    none = _NONE / hours
    most = max((_x(p) for c in curves for p in c.points), default=none)
    axes.set_xlim(none / 1.9, max(most, 10.0 / hours) * 1.3)
    axes.set_ylim(0.8 * lowest, 110.0)
    ticks = [t for t in _TICKS if t >= 0.8 * lowest]
    axes.set_yticks(ticks, [f"{t:g}" for t in ticks])
    high = axes.get_xlim()[1]
    rates = [x for x in _RATES if 1.0 / hours <= x <= high]
    axes.set_xticks(rates, [f"{x:g}" for x in rates])
    axes.minorticks_off()
    axes.axvspan(none / 1.9, none * 1.4, color=PALE, alpha=0.6, linewidth=0)
    axes.annotate(
        f"none in {hours:.3g} h: fewer than {most_per_hour(0, hours):.2g} an hour",
        (none / 1.35, 0.02), xycoords=("data", "axes fraction"), rotation=90, ha="center",
        va="bottom", fontsize=8.5, color=INK,
    )  # fmt: skip
    axes.set_xlabel(f"false accepts an hour, in {hours:.3g} h")


def _x(trial: Trial) -> float:
    return max(trial.false_accepts, _NONE) / trial.hours


def _miss(trial: Trial) -> float:
    """Return the misses in percent, half a miss where there is none."""
    return 100.0 * float(np.maximum(trial.said - trial.hits, 0.5)) / max(1, trial.said)
