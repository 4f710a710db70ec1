"""Size against latency of every method that was tried, with the accuracy lost as colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_daemon.drawing.canvas import INK, MUTED, Axes, Canvas
from edge_daemon.quantize.gate import Gate, Stats
from edge_daemon.quantize.report.front import front, relative_time
from edge_daemon.quantize.result import QuantizationResult

_BESIDE = ((0, 13), (13, 0), (0, -13), (-13, 0), (10, 10), (10, -10), (-10, -10), (-10, 10))
"""Where the numbers of neighbours stand, in points: not upon each other."""
Numbered = tuple[int, str, Stats]
_STEPS = (1, 2, 3, 5, 7, 10, 20, 30, 50, 70, 100, 200, 300, 500, 700, 1000, 2000, 5000)
_MOST_TICKS = 6


def draw_pareto(canvas: Canvas, path: Path, result: QuantizationResult) -> None:
    """Draw the methods by their number in the table, the original and the front between them."""
    tried = [
        (n, trial.method.name, trial.stats)
        for n, trial in enumerate(result.trials, start=1)
        if trial.stats is not None
    ]
    with canvas.figure(path, "Tried: size against latency", (5.4, 5.0)) as [axes]:
        axes.set_xscale("log")
        axes.set_yscale("log")
        _draw_front(axes, result)
        _draw_methods(axes, tried, result)
        axes.plot(100.0, tried[0][2].original_bytes / 1e6, "*", color=INK, markersize=15,
                  label="original")  # fmt: skip
        axes.margins(0.12)
        _number(axes)
        axes.set_xlabel("time of one inference, % of the original's in the same run")
        axes.set_ylabel("size of the file, MB")
        axes.legend(
            loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, fontsize=9, borderaxespad=0.2
        )


def _draw_front(axes: Axes, result: QuantizationResult) -> None:
    points = [_place(t.stats) for t in front(result.trials, result.gate) if t.stats]
    if points:
        label = f"front, at most {result.gate.max_accuracy_loss:g} lost"
        times, sizes = zip(*points, strict=True)
        axes.step(times, sizes, where="post", color=MUTED, linewidth=1.2, marker=".", label=label)


def _draw_methods(axes: Axes, tried: Sequence[Numbered], result: QuantizationResult) -> None:
    passed = {trial.method.name for trial in result.trials if trial.passed}
    for marker, label in (("o", ""), ("X", "refused")):
        shown = [t for t in tried if (t[1] in passed) == (marker == "o")]
        if shown:
            dots = _dots(axes, shown, result.gate, marker=marker, label=label)
    bar = axes.figure.colorbar(dots, ax=axes, fraction=0.045, pad=0.02, extend="both")
    bar.set_label("points of accuracy lost")
    bar.outline.set_visible(False)
    chosen = result.chosen.name if result.chosen else None
    for i, (number, name, stats) in enumerate(sorted(tried, key=lambda t: _place(t[2]))):
        axes.annotate(str(number), _place(stats), _BESIDE[i % len(_BESIDE)],
                      textcoords="offset points", ha="center", va="center", fontsize=9)  # fmt: skip
        if name == chosen:
            axes.plot(*_place(stats), "o", color=INK, markersize=17, markerfacecolor="none",
                      label="chosen")  # fmt: skip


def _dots(axes: Axes, shown: Sequence[Numbered], gate: Gate, **style: str) -> Axes:
    times, sizes = zip(*(_place(stats) for *_, stats in shown), strict=True)
    losses = [stats.accuracy_loss for *_, stats in shown]
    worst = 2.0 * max(gate.max_accuracy_loss, 0.1)
    return axes.scatter(
        times, sizes, c=losses, cmap="RdYlGn_r", vmin=0.0, vmax=worst, s=90, edgecolors=INK,
        linewidths=0.8, zorder=3, **style,
    )  # fmt: skip


def _place(stats: Stats) -> tuple[float, float]:
    """Return percent of the original's time, and millions of bytes."""
    return 100 * relative_time(stats), stats.quantized_bytes / 1e6


def _number(axes: Axes) -> None:
    """Write plain figures at the axes."""
    low, high = axes.get_xlim()
    ticks = [t for t in _STEPS if low <= t <= high]
    ticks = ticks if len(ticks) <= _MOST_TICKS else [t for t in ticks if str(t)[0] in "125"]
    axes.set_xticks(ticks, [str(t) for t in ticks])
    low_mb, high_mb = axes.get_ylim()
    sizes = [
        t * 10.0**k for k in (-3, -1, 1) for t in _STEPS[:9] if low_mb <= t * 10.0**k <= high_mb
    ]
    axes.set_yticks(sizes, [f"{t:g}" for t in sizes])
    axes.set_xlim(low, high)
    axes.set_ylim(low_mb, high_mb)
    axes.minorticks_off()
