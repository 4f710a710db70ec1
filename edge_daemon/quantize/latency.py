"""What the times of inferences come to."""

from __future__ import annotations

from edge_daemon.quantize.gate import Latency
from edge_daemon.timing import Times, curve


def summary(times_ms: Times) -> Latency:
    """Return the percentiles of the times of single calls."""
    percentiles = tuple(curve(times_ms))
    return Latency(p50=percentiles[50], p95=percentiles[95], p99=percentiles[99],
                   percentiles=percentiles)  # fmt: skip
