"""Figures with intervals, and what two of them say of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.benchmark.measured import (
    Measured,
    exact,
    half_width,
    of_rounds,
    percentiles,
    ratio,
)
from tests.unit.benchmark.results import measured

TIMES = st.floats(0.001, 1000.0)
FIGURES = st.builds(measured, st.floats(1e-6, 1e9), st.floats(0.0, 0.9))


@settings(max_examples=30)
@given(st.lists(st.lists(TIMES, min_size=1, max_size=5), min_size=1, max_size=8))
def test_an_interval_has_its_figure_in_it(rounds_ms: list[list[float]]) -> None:
    """The percentiles are those of all calls, inside their interval, and rise."""
    found = percentiles(rounds_ms, (50.0, 95.0))
    expected = np.percentile([x for each in rounds_ms for x in each], (50.0, 95.0))
    assert [f.value for f in found] == pytest.approx(expected.tolist())
    assert found[0].value <= found[1].value
    for figure in found:
        if len(rounds_ms) == 1:
            assert figure.low is None
            assert figure.high is None
        else:
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low <= figure.value <= figure.high


def test_the_interval_covers_the_truth() -> None:
    """Of many runs with independent times most intervals hold the true median, as 95 % should."""
    rng = np.random.default_rng(3)
    truth = float(np.exp(0.0))
    held = 0
    for _ in range(40):
        [figure] = percentiles(np.exp(rng.normal(size=(40, 5))).tolist(), (50.0,))
        assert figure.low is not None
        assert figure.high is not None
        held += figure.low <= truth <= figure.high
    assert held >= 34


def test_calls_that_are_slow_together_count_as_fewer() -> None:
    """Rounds that differ as a whole give a wider interval than the same times in any order."""
    rng = np.random.default_rng(3)
    together = np.repeat(rng.uniform(1.0, 2.0, (20, 1)), 50, axis=1)
    mixed = rng.permutation(together.ravel()).reshape(20, 50)
    first, second = (half_width(percentiles(x.tolist(), (50.0,))[0]) for x in (together, mixed))
    assert first is not None
    assert second is not None
    assert first > 2 * second


def test_rounds_give_their_median_and_their_ends() -> None:
    """One round has no ends, none has no figure."""
    assert of_rounds([3.0, 1.0, 2.0]) == Measured(
        value=2.0, low=1.0, high=3.0, interval="lowest and highest", n=3
    )
    assert of_rounds([3.0]) == Measured(value=3.0)
    assert of_rounds([]) is None


@given(FIGURES)
def test_a_figure_by_itself_is_noise(figure: Measured) -> None:
    """The same measured twice is no difference."""
    found = ratio(figure, figure)
    assert found is not None
    assert found.value == pytest.approx(1.0)
    assert found.is_noise


@given(FIGURES, FIGURES)
def test_ratios_turn_round(a: Measured, b: Measured) -> None:
    """B by A says the same of noise as A by B, and is one by the other."""
    one, other = ratio(a, b), ratio(b, a)
    assert one is not None
    assert other is not None
    assert one.value * other.value == pytest.approx(1.0)
    assert one.low is not None
    assert other.high is not None
    assert one.low * other.high == pytest.approx(1.0)


def test_what_is_apart_is_no_noise() -> None:
    """Twice as much with intervals of 2 % is a difference; with intervals of 90 % it is none."""
    assert ratio(measured(2.0), measured(1.0)).is_noise is False  # type: ignore[union-attr]
    assert ratio(measured(2.0, 0.9), measured(1.0, 0.9)).is_noise is True  # type: ignore[union-attr]


def test_a_ratio_to_nothing_is_none() -> None:
    """Nothing is told of a figure by 0, and no noise of figures without intervals."""
    assert ratio(measured(1.0), exact(0.0)) is None
    alone = ratio(Measured(value=2.0), measured(1.0))
    assert alone is not None
    assert (alone.value, alone.is_noise) == (2.0, None)


def test_the_size_of_a_file_is_exact() -> None:
    """One byte more is a difference."""
    assert ratio(exact(1001.0), exact(1000.0)).is_noise is False  # type: ignore[union-attr]
