"""Recall against the ratio of speech to noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edge_daemon.drawing.canvas import COLOURS, INK, LINES, Axes, Canvas
from edge_daemon.evaluate.bounds import least_share
from edge_daemon.evaluate.tally import Condition, Tallies


def draw_recall(canvas: Canvas, path: Path, model: str, conditions: Sequence[Condition]) -> None:
    """Draw a line for each word and one for all of them; wake words beside."""
    groups = {
        name: tallies
        for name, tallies in (
            ("words", [c.words for c in conditions]),
            ("wake words, said alone", [c.wake_words for c in conditions]),
        )
        if tallies[0]
    }
    title = f"{model}: recall in running audio"
    size = (2.0 + 5.4 * len(groups), 5.0)
    with canvas.figure(path, title, size, n_columns=len(groups), same_y=True) as panels:
        for axes, (name, tallies) in zip(panels, groups.items(), strict=True):
            _draw_group(axes, name, tallies)
            axes.set_xticks(range(len(conditions)), [c.name for c in conditions])
            axes.set_xlabel("ratio of speech to noise")
        panels[0].set_ylabel("heard, % of the times said")


def _draw_group(axes: Axes, name: str, by_condition: Sequence[Tallies]) -> None:
    places = range(len(by_condition))
    words = sorted(by_condition[0])
    for i, word in enumerate(words if len(words) > 1 else ()):
        recalls = [100.0 * (t.of(word).recall or 0.0) for t in by_condition]
        axes.plot(
            places, recalls, color=COLOURS[i % len(COLOURS)], linewidth=1.3, marker="o",
            markersize=3.5, linestyle=LINES[i // len(COLOURS) % len(LINES)],
            label=f"{word} ({by_condition[0].of(word).said})", alpha=0.85,
        )  # fmt: skip
    everything = [t.all for t in by_condition]
    shares = [100.0 * (t.recall or 0.0) for t in everything]
    sure = [100.0 * least_share(t.hits, t.said) for t in everything]
    axes.plot(
        places,
        shares,
        color=INK,
        linewidth=3,
        marker="o",
        label="all" if len(words) > 1 else words[0],
    )
    axes.fill_between(
        places, sure, shares, color=INK, alpha=0.15, linewidth=0, label="at least (95 %)"
    )
    for place, share in zip(places, shares, strict=True):
        axes.annotate(
            f"{share:.1f}", (place, share), (0, -16), textcoords="offset points", ha="center",
            fontweight="bold", bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
        )  # fmt: skip
    axes.set_title(name)
    axes.set_xlim(-0.25, len(by_condition) - 0.75 + (0.5 if len(by_condition) == 1 else 0.0))
    axes.set_ylim(top=100.5)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=9, title="word (said)")
