"""Bounds of rates and shares, against tables and by their own definition."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.evaluate.bounds import least_share, most_per_hour


@pytest.mark.parametrize(
    ("n", "most"), [(0, 2.9957), (1, 4.7439), (2, 6.2958), (10, 16.9622), (100, 118.079)]
)
def test_most_per_hour(n: int, most: float) -> None:
    """The bounds are those of the chi-squared tables: none leaves three an hour possible."""
    assert most_per_hour(n, 1.0) == pytest.approx(most, rel=1e-4)
    assert most_per_hour(n, 4.0) == pytest.approx(most / 4, rel=1e-4)


def test_no_hours_prove_nothing() -> None:
    """Without hours any rate is possible."""
    assert most_per_hour(0, 0.0) == math.inf


@pytest.mark.parametrize(
    ("hits", "n", "least"), [(20, 20, 0.8609), (9, 10, 0.6058), (0, 5, 0.0), (950, 1000, 0.9372)]
)
def test_least_share(hits: int, n: int, least: float) -> None:
    """The bounds are those of the beta distribution."""
    assert least_share(hits, n) == pytest.approx(least, abs=1e-4)


@given(st.integers(0, 300), st.integers(1, 300))
@settings(max_examples=30, deadline=None)
def test_bounds_lie_beyond_the_figure(n: int, more: int) -> None:
    """A bound is on the safe side of what was counted, and grows with it."""
    assert most_per_hour(n, 1.0) > n
    assert most_per_hour(n + more, 1.0) > most_per_hour(n, 1.0)
    share = least_share(n, n + more)
    assert 0 <= share <= n / (n + more)
