"""What a threshold makes of streams, and the least one at a rate."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.evaluate.candidates import LEAST_SCORE, Candidates
from edge_daemon.evaluate.sweep import GRID, Negatives, Positives, Sweep

HOP_MS = 100.0


def events(peaks: list[float], spacing: int = 30) -> Candidates:
    """Return a word that reaches each of these scores once, three seconds apart."""
    n = len(peaks)
    hops = np.arange(1, n + 1) * spacing
    return Candidates(hops, np.array(peaks, float), np.zeros(n), hops, HOP_MS)


def sweep(
    peaks: list[float], false_peaks: list[float], said: list[bool] | None = None
) -> Sweep:  # fmt: skip
    """Return the sweep of a word that was said where ``said`` is true, over an hour of others."""
    heard = events(peaks)
    is_mine = np.array(said if said is not None else [True] * len(peaks), bool)
    at_s = heard.hops * HOP_MS / 1000
    positives = Positives(
        heard, at_s[is_mine] - 0.5, at_s[is_mine] + 0.5, int((~is_mine).sum()), frozenset({"other"})
    )
    return Sweep(
        [positives], [Negatives(events(false_peaks), 1.0)], rearm_ratio=0.6, refractory_ms=1000
    )


def test_a_trial_counts_everything() -> None:
    """Hits, misses, what was taken for the word, and false accepts."""
    trial = sweep([0.9, 0.8, 0.6, 0.9], [0.7, 0.4], said=[True, True, True, False]).at(0.75)
    assert (trial.hits, trial.said, trial.wrong, trial.others) == (2, 3, 1, 1)
    assert (trial.false_accepts, trial.hours, trial.per_hour) == (0, 1.0, 0.0)
    assert trial.recall == pytest.approx(2 / 3)


@given(
    peaks=st.lists(st.floats(0.2, 1.0), max_size=40),
    n_allowed=st.integers(0, 12),
)
@settings(deadline=None)
def test_the_least_threshold_is_the_least(peaks: list[float], n_allowed: int) -> None:
    """No more false accepts than allowed at it, more just below it."""
    swept = sweep([0.9], peaks)
    found = swept.least_threshold(n_allowed)
    if found is None:
        assert sum(p >= 1.0 for p in peaks) > n_allowed
        return
    assert swept.false_accepts(found) <= n_allowed
    if found > LEAST_SCORE + 2 * GRID:
        assert swept.false_accepts(found - 2 * GRID) > n_allowed


def test_no_threshold_above_a_score_of_one() -> None:
    """A false accept with all the score there is leaves no threshold."""
    assert sweep([1.0], [1.0, 1.0]).least_threshold(1) is None
    assert sweep([1.0], [1.0, 1.0]).least_threshold(2) is not None


def test_steps_are_where_something_changes() -> None:
    """Between two steps every count is the same."""
    swept = sweep([0.31, 0.52, 0.9], [0.4, 0.77])
    steps = swept.steps()
    assert steps[-1] == 1.0
    for low, high in pairwise(steps):
        inside = [swept.at(low + x * (high - low)) for x in (0.01, 0.5, 0.99)]
        assert len({(t.hits, t.false_accepts) for t in inside}) == 1


def test_the_other_mode_decides_when_it_is_armed_again() -> None:
    """With a lower threshold beside it a word has to fall lower before it fires again."""
    hops = np.array([10, 40])
    dip = Candidates(hops, np.array([0.9, 0.9]), np.array([0.0, 0.4]), hops, HOP_MS)
    negatives = [Negatives(dip, 1.0)]
    alone = Sweep([], negatives, rearm_ratio=0.6, refractory_ms=0)
    beside = Sweep([], negatives, rearm_ratio=0.6, refractory_ms=0, rearm_cap=0.5)
    assert alone.false_accepts(0.8) == 2
    assert beside.false_accepts(0.8) == 1
