"""What the times of inferences come to."""

from __future__ import annotations

import numpy as np

from edge_daemon.quantize.gate import Latency
from edge_daemon.timing import Times


def summary(times_ms: Times) -> Latency:
    """Return the percentiles of the times of single calls."""
    percentiles = tuple(np.percentile(times_ms, np.arange(101)).round(6).tolist())
    return Latency(p50=percentiles[50], p95=percentiles[95], p99=percentiles[99],
                   percentiles=percentiles)  # fmt: skip
