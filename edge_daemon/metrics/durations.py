"""Our fine histograms as Prometheus wants them: a handful of bounds, and counts up to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from edge_daemon.metrics.families import PREFIX
from edge_daemon.telemetry import Histogram
from edge_daemon.telemetry.histogram import upper_edge_s

LATENCY_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STAGE_BOUNDS_S = (
    1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
)  # fmt: skip


def latency(histogram: Histogram) -> Metric:
    """Return how long decisions took."""
    family = HistogramMetricFamily(
        f"{PREFIX}latency_seconds",
        "From the capture of the newest sample to the decision about it, in seconds; the bounds "
        "hold within 5 %.",
    )
    _add(family, [], histogram, LATENCY_BOUNDS_S)
    return family


def stages(histograms: Mapping[str, Histogram]) -> Metric:
    """Return how long each stage of the pipeline took."""
    family = HistogramMetricFamily(
        f"{PREFIX}stage_duration_seconds",
        "Time that a stage took each time it ran, in seconds; the bounds hold within 5 %.",
        labels=["stage"],
    )
    for stage, histogram in histograms.items():
        _add(family, [stage], histogram, STAGE_BOUNDS_S)
    return family


def counts_up_to(histogram: Histogram, bounds_s: Sequence[float]) -> list[int]:
    """Return how many durations there are up to each bound, and at the end how many in all.

    Durations within half a bucket, 5 %, of a bound may fall on its other side.
    """
    # Of one moment: the histogram's own count may be of the next.
    up_to = [0, *accumulate(histogram.counts())]
    return [*(up_to[_n_buckets(bound_s)] for bound_s in bounds_s), up_to[-1]]


def _n_buckets(bound_s: float) -> int:
    """Return how many buckets end below a bound, give or take half a one."""
    n = 0
    while upper_edge_s(n) < bound_s * _HALF_A_BUCKET:
        n += 1
    return n


_HALF_A_BUCKET = (upper_edge_s(1) / upper_edge_s(0)) ** 0.5


def _add(
    family: HistogramMetricFamily,
    labels: Sequence[str],
    histogram: Histogram,
    bounds_s: Sequence[float],
) -> None:
    names = [*map(_name, bounds_s), "+Inf"]
    buckets = list(zip(names, counts_up_to(histogram, bounds_s), strict=True))
    family.add_metric(labels, buckets, sum_value=histogram.sum_s)


def _name(bound_s: float) -> str:
    """Return a bound as Prometheus' own libraries write it."""
    return repr(float(bound_s))
