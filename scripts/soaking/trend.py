"""What a series does in the long run, however much single values waver."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the median of the slopes between all pairs of points (Theil-Sen).

    A third of the values may be anything: a reload that takes memory for a second is no leak. 0
    where there are fewer than two points.
    """
    order = np.argsort(np.asarray(x, np.float64), kind="stable")
    xs, ys = np.asarray(x, np.float64)[order], np.asarray(y, np.float64)[order]
    first, second = np.triu_indices(len(xs), k=1)
    run = xs[second] - xs[first]
    apart = run > 0
    if not apart.any():
        return 0.0
    return float(np.median((ys[second] - ys[first])[apart] / run[apart]))


def growth(y: Sequence[int]) -> int:
    """Return by how much the least value of the last third is above the least of the first.

    What is taken and given back is left out by that; what is taken and kept is not.
    """
    third = len(y) // 3
    return min(y[-third:]) - min(y[:third]) if third else 0
