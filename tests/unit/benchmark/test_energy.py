"""Energy above idle: told where it stands out of the noise, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.benchmark.conditions import Kind, Window
from edge_daemon.benchmark.energy import Energy, above_idle, energy

ROW = "commands, cpu, 1 thread"


def windows(
    kind: Kind, watts: Sequence[float | None], row: str | None = ROW, n: int | None = None
) -> list[Window]:
    """Return a window of two seconds in each round."""
    return [
        Window(kind=kind, row=row, round=i, begin_s=0.0, length_s=2.0, n_inferences=n, watts_mean=w)
        for i, w in enumerate(watts, start=1)
    ]


def found(*parts: list[Window]) -> Energy:
    """Return the energy of windows that have some."""
    energies = energy([window for part in parts for window in part], ROW)
    assert isinstance(energies, Energy)
    return energies


def test_both_figures_are_given() -> None:
    """With idle and above it, for an hour of listening and for an inference."""
    result = found(
        windows("idle", [3.0, 3.1, 2.9], row=None),
        windows("listening", [3.5, 3.62, 3.38]),
        windows("inferring", [5.0, 5.1, 4.9], n=1000),
    )
    assert result.idle_w.value == 3.0
    assert result.watt_hours_per_listening_hour is not None
    assert result.watt_hours_per_listening_hour.value == 3.5
    assert result.watt_hours_per_listening_hour_above_idle is not None
    assert result.watt_hours_per_listening_hour_above_idle.value == pytest.approx(0.5)
    assert result.joules_per_inference is not None
    assert result.joules_per_inference.value == pytest.approx(5.0 * 0.002)
    assert result.joules_per_inference_above_idle is not None
    assert result.joules_per_inference_above_idle.value == pytest.approx(2.0 * 0.002)
    assert result.listening_above_idle_reason == result.inference_above_idle_reason == ""


def test_a_machine_that_warms_up_counts_for_nothing() -> None:
    """Each round is held to its own idle: a drift of watts does not hide half a watt."""
    result = found(
        windows("idle", [3.0, 4.0, 5.0, 6.0], row=None),
        windows("listening", [3.5, 4.51, 5.49, 6.5]),
    )
    assert result.watt_hours_per_listening_hour_above_idle is not None
    assert result.watt_hours_per_listening_hour_above_idle.value == pytest.approx(0.5)


def test_no_number_under_two_sigma() -> None:
    """What may be nothing is not told as a figure; what it takes with idle still is."""
    result = found(
        windows("idle", [3.0, 3.4, 2.8], row=None), windows("listening", [3.1, 3.0, 3.3])
    )
    assert result.watt_hours_per_listening_hour is not None
    assert result.watt_hours_per_listening_hour_above_idle is None
    assert "under two sigma of 3 rounds" in result.listening_above_idle_reason


@given(st.lists(st.floats(0.0, 100.0), min_size=3, max_size=10))
def test_the_same_as_idle_is_nothing_above_it(watts: list[float]) -> None:
    """A difference of 0 gives no number, however steady the meter."""
    assert above_idle([(w, w, 1.0) for w in watts])[0] is None


@given(
    st.lists(
        st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 100.0), st.just(1.0)),
        min_size=3, max_size=10,
    )
)  # fmt: skip
def test_what_is_told_is_more_than_nothing(rounds: list[tuple[float, float, float]]) -> None:
    """A figure above idle has an interval above 0, and where there is none there is a reason."""
    figure, why = above_idle(rounds)
    assert (figure is None) == bool(why)
    if figure is not None:
        assert figure.low is not None
        assert figure.low > 0


def test_rounds_without_a_reading_are_left_out() -> None:
    """Two rounds are too few, and it says so."""
    result = found(
        windows("idle", [3.0, None, 3.0], row=None), windows("listening", [3.5, 3.5, 3.5])
    )
    assert result.watt_hours_per_listening_hour_above_idle is None
    assert result.listening_above_idle_reason == "2 rounds with a reading; 3 are needed"


def test_a_meter_that_says_nothing() -> None:
    """Without a reading at idle there is a reason instead of figures."""
    assert "no reading" in str(energy(windows("idle", [None, None], row=None), ROW))


def test_another_row_is_not_mine() -> None:
    """Only windows of this row count."""
    result = found(
        windows("idle", [3.0] * 3, row=None), windows("listening", [9.0] * 3, row="another")
    )
    assert result.listening_w is None
