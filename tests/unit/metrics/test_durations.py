"""Histograms for Prometheus against the durations that are in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from edge_daemon.metrics.durations import (
    LATENCY_BOUNDS_S,
    STAGE_BOUNDS_S,
    counts_up_to,
    latency,
    stages,
)
from edge_daemon.telemetry import Histogram
from tests.unit.metrics.scene import samples_of

durations_s = st.lists(st.floats(1e-6, 100.0), max_size=200)


def histogram_of(values: list[float]) -> Histogram:
    """Return a histogram of these durations."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(durations_s)
def test_counts_hold_within_five_percent(values: list[float]) -> None:
    """Up to each bound there are as many durations as are below it, give or take 5 % of the bound."""
    for bounds_s in (LATENCY_BOUNDS_S, STAGE_BOUNDS_S):
        counts = counts_up_to(histogram_of(values), bounds_s)
        for bound_s, count in zip(bounds_s, counts, strict=False):
            assert sum(x <= bound_s / 1.05 for x in values) <= count
            assert count <= sum(x <= bound_s * 1.05 for x in values)


@given(durations_s)
def test_counts_only_rise_up_to_all(values: list[float]) -> None:
    """Counts never fall from bound to bound, and the last is that of all durations."""
    counts = counts_up_to(histogram_of(values), STAGE_BOUNDS_S)
    assert counts == sorted(counts)
    assert counts[-1] == len(values)


class _Both:
    def collect(self) -> list[object]:
        """Return a latency and two stages."""
        both = {"model": histogram_of([0.002]), "gate": histogram_of([])}
        return [latency(histogram_of([0.02, 200.0])), stages(both)]


def test_page_has_bounds_sum_and_count() -> None:
    """A histogram is written with its bounds, the longest beyond them all, its sum and its count."""
    registry = CollectorRegistry()
    registry.register(_Both())  # type: ignore[arg-type]
    found = samples_of(generate_latest(registry).decode())
    name = "edge_daemon_latency_seconds"
    assert [found[f'{name}_bucket{{le="{le}"}}'] for le in ("0.01", "0.025", "10.0")] == [0, 1, 1]
    assert (found[f'{name}_bucket{{le="+Inf"}}'], found[f"{name}_count"]) == (2, 2)
    assert found[f"{name}_sum"] == 200.02
    stage = "edge_daemon_stage_duration_seconds"
    assert found[f'{stage}_bucket{{le="0.0025",stage="model"}}'] == 1
    assert found[f'{stage}_count{{stage="gate"}}'] == 0
