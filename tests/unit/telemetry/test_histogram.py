"""Histogram against numpy."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.telemetry import Histogram

durations = st.lists(st.floats(1e-6, 100.0), min_size=1, max_size=200)


@given(durations, st.floats(0, 100))
def test_percentiles_are_within_five_percent(values: list[float], q: float) -> None:
    """Every percentile is within 5 % of numpy's over the same durations."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    expected = float(np.percentile(values, q, method="inverted_cdf"))
    found = histogram.percentile(q)
    assert found is not None
    # At a rank that falls on a boundary the two may round to neighbouring values.
    neighbours = [float(np.percentile(values, p, method="inverted_cdf")) for p in _around(q)]
    assert any(abs(found - x) <= 0.05 * x for x in [expected, *neighbours])


def _around(q: float) -> list[float]:
    return [max(0.0, q - 1e-9), min(100.0, q + 1e-9)]


@given(durations)
def test_count_and_max_are_exact(values: list[float]) -> None:
    """Count and maximum are exact, and no percentile is above the maximum."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    assert histogram.count == len(values)
    assert histogram.max == max(values)
    top = histogram.percentile(100)
    assert top is not None
    assert top <= max(values)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=20))
def test_any_float_is_survived(values: list[float]) -> None:
    """No float whatsoever makes the histogram raise or lose count."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    assert histogram.count == len(values)


def test_beyond_the_range() -> None:
    """What is shorter than 1 µs or longer than 100 s is counted at the ends."""
    histogram = Histogram()
    for value in (0.0, 1e-9, 500.0):
        histogram.add(value)
    low, high = histogram.percentile(50), histogram.percentile(100)
    assert low == pytest.approx(1e-6, rel=0.05)
    assert high == pytest.approx(100, rel=0.1)
    assert histogram.max == 500.0


def test_empty_is_none() -> None:
    """Without a duration there is no percentile and no maximum, rather than 0."""
    histogram = Histogram()
    assert histogram.percentile(50) is None
    assert histogram.max is None


@pytest.mark.parametrize("q", [-1, 101, math.nan])
def test_impossible_percentage(q: float) -> None:
    """A percentage outside 0 to 100 is refused."""
    with pytest.raises(ValueError, match="percentage"):
        Histogram().percentile(q)


def test_memory_is_constant() -> None:
    """A hundred thousand durations take no more memory than one."""
    histogram = Histogram()
    histogram.add(0.001)
    before = sys.getsizeof(histogram._buckets)
    for i in range(100_000):
        histogram.add(i * 1e-5)
    assert sys.getsizeof(histogram._buckets) == before


@given(durations, durations)
def test_what_was_taken_is_what_came_since(first: list[float], second: list[float]) -> None:
    """Take gives the figures of the newest values alone, and leaves those of all as they were."""
    histogram, newest = Histogram(), Histogram()
    for value in first:
        histogram.add(value)
    histogram.take()
    for value in second:
        histogram.add(value)
        newest.add(value)
    taken = histogram.take()
    assert (taken.count, taken.max) == (newest.count, newest.max)
    assert taken.percentile(95) == newest.percentile(95)
    assert math.isclose(taken.sum_s, newest.sum_s, rel_tol=1e-6, abs_tol=1e-6)
    assert histogram.count == len(first) + len(second)
    assert histogram.max == max(first + second)
    assert math.isclose(histogram.sum_s, math.fsum(first + second))
    assert histogram.take().count == 0


def test_a_duration_that_is_none_is_not_in_the_sum() -> None:
    """NaN and what is negative, as a broken clock gives them, add nothing."""
    histogram = Histogram()
    for value in (math.nan, -1.0, 2.0):
        histogram.add(value)
    assert (histogram.count, histogram.sum_s) == (3, 2.0)
