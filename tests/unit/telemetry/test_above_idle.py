"""Energy of an inference above that of the idle board."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.telemetry.above_idle import N_LEAST, EnergyAboveIdle

IDLE_W = 2.0


def energy(*intervals: tuple[float | None, int], idle_w: float | None = IDLE_W) -> EnergyAboveIdle:
    """Return what was told of minutes with (watts, inferences)."""
    told = EnergyAboveIdle(idle_w)
    for watts, n_inferences in intervals:
        told.add(watts, 60.0, n_inferences)
    return told


def test_by_hand() -> None:
    """Five minutes at 0.4 to 0.6 W above idle with 600 inferences each: 150 J for 3000."""
    told = energy((2.4, 600), (2.6, 600), (2.5, 600), (2.5, 600), (2.5, 600))
    joules, reason = told.joules_per_inference()
    assert joules == pytest.approx(150.0 / 3000)
    assert reason == ""


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (energy((2.5, 600), idle_w=None), "telemetry.idle_w"),
        (energy(*[(2.5, 600)] * (N_LEAST - 1)), "4 intervals with a power; 5 are needed"),
        (energy(*[(None, 600)] * 9), "0 intervals with a power"),
        (energy((1.0, 600), (4.0, 600), (1.5, 600), (3.0, 600), (1.1, 600)), "within the noise"),
        (energy(*[(1.9, 600)] * N_LEAST), "within the noise"),
        (energy(*[(2.5, 0)] * N_LEAST), "no inference was made"),
    ],
)
def test_no_figure_without_proof(told: EnergyAboveIdle, reason: str) -> None:
    """Without a baseline, enough intervals, more than noise or an inference there is a reason."""
    joules, why = told.joules_per_inference()
    assert joules is None
    assert reason in why


def test_only_the_newest_hour_counts() -> None:
    """What the board drew long ago says nothing of now."""
    told = energy(*[(9.0, 600)] * 100, *[(2.5, 600)] * 60)
    assert told.joules_per_inference()[0] == pytest.approx(0.5 * 60 / 600)


@given(st.lists(st.tuples(st.none() | st.floats(0, 1e3), st.integers(0, 10**6)), max_size=80))
def test_a_figure_or_a_reason(intervals: list[tuple[float | None, int]]) -> None:
    """Whatever was measured, there is a figure above 0 or a reason, and never both."""
    joules, reason = energy(*intervals).joules_per_inference()
    assert (joules is None) == bool(reason)
    assert joules is None or joules > 0
