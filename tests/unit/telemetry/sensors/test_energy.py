"""Energy: joules out of watts, and what was not measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.telemetry.sensors.energy import Energy
from edge_daemon.telemetry.sensors.reading import Reading

NONE = Reading(None, "gone")


def filled(readings: list[tuple[float, Reading]], longest_s: float = 3.0) -> Energy:
    """Return an energy after readings at their times."""
    energy = Energy(longest_s)
    for now_s, reading in readings:
        energy.add(reading, now_s)
    return energy


def test_each_reading_stands_for_the_time_before_it() -> None:
    """The first reading has no time before it; the others have that since the attempt before."""
    energy = filled([(0, Reading(100.0)), (1, Reading(2.0)), (3, Reading(5.0))])
    assert energy.joules == 1 * 2 + 2 * 5
    assert energy.measured_s == 3
    assert energy.take() == (4.0, 100.0)


def test_gap_is_no_zero() -> None:
    """A reading that is None adds neither joules nor time."""
    energy = filled([(0, Reading(4.0)), (1, Reading(4.0)), (2, NONE), (3, NONE), (4, Reading(4.0))])
    assert energy.joules == 8
    assert energy.measured_s == 2
    assert energy.take() == (4.0, 4.0)


def test_late_reading_is_not_stretched() -> None:
    """A reading that comes after a long silence does not stand for all of it."""
    energy = filled([(0, Reading(4.0)), (1, Reading(4.0)), (60, Reading(9.0)), (61, Reading(4.0))])
    assert energy.joules == 8
    assert energy.measured_s == 2


def test_intervals() -> None:
    """Mean and maximum begin anew with each take; joules go on."""
    energy = filled([(0, Reading(1.0)), (1, Reading(3.0))])
    assert energy.take() == (3.0, 3.0)
    assert energy.take() is None
    energy.add(Reading(5.0), 2)
    energy.add(Reading(7.0), 3)
    assert energy.take() == (6.0, 7.0)
    assert energy.joules == 15
    energy.add(NONE, 4)
    assert energy.take() is None


@given(st.lists(st.tuples(st.floats(0.1, 2.9), st.floats(0, 100) | st.none()), max_size=40))
def test_mean_lies_between_the_readings(steps: list[tuple[float, float | None]]) -> None:
    """Whatever is missing, the mean is none that was not there, and time is at most what passed."""
    energy, now_s = Energy(3.0), 0.0
    for span_s, power_w in steps:
        now_s += span_s
        energy.add(NONE if power_w is None else Reading(power_w), now_s)
    read = [power_w for _, power_w in steps if power_w is not None]
    taken = energy.take()
    assert (taken is None) == (not read)
    assert energy.measured_s <= now_s
    if taken:
        assert min(read) - 1e-6 <= taken[0] <= max(read) + 1e-6
        assert taken[1] == pytest.approx(max(read))
