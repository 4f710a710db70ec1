"""The threshold that is chosen for a word."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.evaluate.candidates import LEAST_SCORE
from edge_daemon.tune.operating_point import choose
from edge_daemon.tune.targets import Targets
from tests.unit.evaluate.test_sweep import sweep


def test_as_few_false_accepts_as_asked_for() -> None:
    """Above the first false accept that is too many, and no higher where words would be lost."""
    peaks = [0.51 + 0.02 * i for i in range(20)]
    choice = choose(sweep(peaks, [0.6, 0.7, 0.3]), "go", "alone", Targets(alone=1.0))
    assert choice.trial is not None
    assert choice.trial.false_accepts == 1
    assert 0.6 < choice.trial.threshold <= 0.61 + 0.001
    assert choice.threshold == choice.trial.threshold
    assert not choice.kept


def test_in_the_middle_of_what_is_equally_good() -> None:
    """Far from false accepts and from the words, where nothing forces it to either side."""
    choice = choose(sweep([0.9] * 5, [0.5]), "go", "alone", Targets(alone=0.0))
    assert choice.threshold == pytest.approx(0.7, abs=0.01)


def test_taking_other_words_for_it_counts() -> None:
    """A threshold that mishears more than it hears is no good, whatever the rate allows."""
    said = [True] * 4 + [False] * 4
    swept = sweep([0.9, 0.8, 0.8, 0.45, 0.5, 0.55, 0.6, 0.5], [0.3], said)
    choice = choose(swept, "go", "after", Targets(after=100.0))
    assert choice.trial is not None
    assert (choice.trial.hits, choice.trial.wrong) == (3, 0)
    careless = choose(swept, "go", "after", Targets(after=100.0, misheard=0.0))
    assert careless.trial is not None
    assert (careless.trial.hits, careless.trial.wrong) == (4, 4)


def test_no_threshold_at_all() -> None:
    """Where a score of 1 is a false accept, there is none."""
    choice = choose(sweep([1.0], [1.0]), "go", "wake", Targets())
    assert (choice.trial, choice.threshold) == (None, None)


def test_no_recall_left() -> None:
    """Where false accepts score higher than the word, it has no threshold."""
    choice = choose(sweep([0.8, 0.7], [0.95]), "go", "wake", Targets())
    assert choice.trial is not None
    assert choice.trial.hits == 0
    assert choice.threshold is None


def test_too_few_hours_do_not_lower_the_models_threshold() -> None:
    """An hour without a false accept says nothing of half a one an hour."""
    swept = sweep([0.4, 0.75, 0.9], [0.3])
    kept = choose(swept, "go", "alone", Targets(alone=0.5), own=0.72)
    assert kept.threshold is not None
    assert 0.72 <= kept.threshold <= 0.75
    assert kept.kept
    enough = choose(swept, "go", "alone", Targets(alone=1.0), own=0.72)
    assert enough.threshold is not None
    assert enough.threshold < 0.41


@given(
    peaks=st.lists(st.floats(0.2, 1.0), max_size=30),
    false_peaks=st.lists(st.floats(0.2, 1.0), max_size=30),
    per_hour=st.floats(0, 10),
    own=st.none() | st.floats(0.2, 0.99),
)
@settings(max_examples=60, deadline=None)
def test_the_rate_holds(
    peaks: list[float], false_peaks: list[float], per_hour: float, own: float | None
) -> None:
    """Whatever is heard, no more false accepts than allowed, at a threshold that can be used."""
    choice = choose(sweep(peaks, false_peaks), "go", "alone", Targets(alone=per_hour), own)
    if choice.trial is None:
        assert sum(p >= 1.0 for p in false_peaks) > per_hour
        return
    assert choice.trial.per_hour <= per_hour
    assert LEAST_SCORE <= choice.trial.threshold <= 1.0
