"""The stretch of a recording that has the most energy."""

from __future__ import annotations

import numpy as np

from edge_daemon.types import Samples


def loudest_start(samples: Samples, n: int) -> int:
    """Return where the ``n`` samples in a row with the most energy begin; 0 where all are taken."""
    if len(samples) <= n:
        return 0
    energy = np.concatenate([[0], np.cumsum(samples.astype(np.int64) ** 2)])
    return int(np.argmax(energy[n:] - energy[: len(energy) - n]))


def loudest(samples: Samples, n: int) -> Samples:
    """Return the ``n`` samples in a row that have the most energy; all where there are fewer."""
    start = loudest_start(samples, n)
    return samples[start : start + n]
