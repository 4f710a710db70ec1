"""The confusion matrix of clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_daemon.drawing.canvas import Axes, Canvas
from edge_daemon.evaluate.accuracy import Evaluation


def draw_confusion(canvas: Canvas, path: Path, model: str, result: Evaluation) -> None:
    """Draw what was heard for what was said: shares as colours, clips as numbers."""
    seen = np.flatnonzero(result.confusion.any(axis=0) | result.confusion.any(axis=1))
    counts = result.confusion[np.ix_(seen, seen)]
    labels = [result.labels[i] for i in seen]
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    title = f"{model}: {100 * result.accuracy:.2f} % of {result.n_clips:,} clips are right"
    side = 2.6 + 0.5 * len(labels)
    with canvas.figure(path, title, (side + 0.8, side)) as [axes]:
        picture = axes.imshow(shares, cmap="GnBu", vmin=0.0, vmax=1.0)
        axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right")
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlabel("heard")
        axes.set_ylabel("said")
        axes.grid(visible=False)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        bar = axes.figure.colorbar(picture, ax=axes, fraction=0.04, pad=0.02)
        bar.set_label("share of the clips said")
        bar.outline.set_visible(False)
        _write_counts(axes, counts, shares)


def _write_counts(
    axes: Axes, counts: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]
) -> None:  # fmt: skip
    for (row, column), n in np.ndenumerate(counts):
        if n:
            colour = "white" if shares[row, column] > 0.6 else "#1f2933"
            axes.text(column, row, f"{n}", ha="center", va="center", color=colour, fontsize=8.5)
