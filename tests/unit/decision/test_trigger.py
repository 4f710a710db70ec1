"""Smoothing, threshold, re-arm and refractory time."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.decision.trigger import Hit, Trigger, WordRule
from edge_daemon.types import Scores

LABELS = ("yes", "no", "unknown", "silence")
HOP_MS = 100


def trigger(n_smooth: int = 1, refractory_ms: float = 0) -> Trigger:
    """Return a trigger for yes and no with a threshold of 0.8."""
    rule = WordRule(0.8, threshold_after=0.6, rearm_below=0.5, refractory_ms=refractory_ms)
    return Trigger(LABELS, {"yes": rule, "no": rule}, n_smooth)


def scores(yes: float = 0.0, no: float = 0.0, unknown: float = 0.0) -> Scores:
    """Return scores in the order of the labels."""
    return np.array([yes, no, unknown, max(0.0, 1 - yes - no - unknown)], np.float32)


def run(
    subject: Trigger, *steps: Scores, expected: tuple[str, ...] = (), fires: bool = True
) -> list[tuple[int, Hit]]:
    """Return (hop, hit) for each hit over the steps; it fires, or it does not after all."""
    hits = []
    for i, step in enumerate(steps):
        hit = subject.update(step, i * HOP_MS, expected)
        if hit is not None:
            hits.append((i, hit))
            if fires:
                subject.fire(hit.label, i * HOP_MS)
    return hits


def test_the_smoothed_score_fires_not_the_raw_one() -> None:
    """With a mean over three, three high scores are needed and the mean is reported."""
    high = [scores(yes=0.9)] * 3
    (hit,) = run(trigger(n_smooth=3), scores(), *high)
    assert hit[0] == 3
    assert hit[1].score == pytest.approx(0.9)
    assert run(trigger(n_smooth=3), scores(), *high[:2], scores()) == []


def test_a_word_fires_once_while_its_score_stays_high() -> None:
    """Without falling below the re-arm level a word does not fire again."""
    steps = [scores(yes=0.9), scores(yes=0.6), scores(yes=0.95), scores(yes=0.9)]
    assert [i for i, _ in run(trigger(), *steps)] == [0]


def test_a_word_fires_again_after_its_score_fell() -> None:
    """Below the re-arm level a word is armed again."""
    steps = [scores(yes=0.9), scores(yes=0.4), scores(yes=0.9)]
    assert [i for i, _ in run(trigger(), *steps)] == [0, 2]


def test_refractory_time_holds_a_word_back_but_not_another() -> None:
    """A word is quiet for its refractory time; the others are not."""
    steps = [scores(yes=0.9), scores(), scores(yes=0.9), scores(no=0.9)]
    hits = run(trigger(refractory_ms=500), *steps)
    assert [(i, h.label) for i, h in hits] == [(0, "yes"), (3, "no")]


def test_the_best_word_wins() -> None:
    """A word above its threshold does not fire when another label scores higher."""
    subject = Trigger(
        LABELS, {w: WordRule(0.3, 0.3, 0.2, 0) for w in ("yes", "no")}, n_smooth=1
    )  # fmt: skip
    assert [h.label for _, h in run(subject, scores(yes=0.4, no=0.5))] == ["no"]
    assert run(subject, scores(yes=0.4, unknown=0.5)) == []


def test_unknown_and_silence_never_fire() -> None:
    """Certain silence and certain unknown speech are no detections."""
    assert run(trigger(), scores(), scores(unknown=1.0), scores(), scores(unknown=1.0)) == []


def test_an_expected_word_has_the_lower_threshold() -> None:
    """Only the words that a wake word was heard for fire from their second threshold."""
    steps = [scores(yes=0.7), scores(), scores(no=0.7)]
    assert run(trigger(), *steps) == []
    assert [(i, h.label) for i, h in run(trigger(), *steps, expected=("no",))] == [(2, "no")]


def test_a_word_said_once_fires_once_at_either_threshold() -> None:
    """What fired as expected and goes on rising does not fire again as a word alone."""
    subject = trigger()
    assert run(subject, scores(yes=0.7), expected=("yes",))
    assert run(subject, scores(yes=0.9), scores(yes=0.55), scores(yes=0.9)) == []


def test_a_word_that_never_fires_alone_is_not_even_disarmed() -> None:
    """Before its wake word a high score neither fires nor uses up the refractory time."""
    rules = {"yes": WordRule(math.inf, 0.6, 0.4, refractory_ms=1000)}
    subject = Trigger(LABELS, rules, n_smooth=1)
    assert run(subject, scores(yes=1.0)) == []
    assert run(subject, scores(yes=0.7), expected=("yes",))


def test_a_hit_that_does_not_fire_comes_again() -> None:
    """Until it fires a word is returned at each hop at which its score is high enough."""
    subject = trigger(refractory_ms=1000)
    steps = [scores(yes=0.9), scores(yes=0.85), scores(yes=0.7)]
    assert [i for i, _ in run(subject, *steps, fires=False)] == [0, 1]
    assert [i for i, _ in run(subject, scores(yes=0.9), scores(yes=0.9))] == [0]


@given(
    values=st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 4), min_size=1, max_size=80),
    refractory_ms=st.integers(0, 2000),
    n_smooth=st.integers(1, 6),
)
@settings(max_examples=150, deadline=None)
def test_at_most_one_hit_in_a_refractory_span(
    values: list[tuple[float, ...]], refractory_ms: int, n_smooth: int
) -> None:
    """Whatever the scores, two hits of one word are at least the refractory time apart."""
    hits = run(trigger(n_smooth, refractory_ms), *(np.array(v, np.float32) for v in values))
    for word in ("yes", "no"):
        times = [i * HOP_MS for i, h in hits if h.label == word]
        assert all(b - a >= refractory_ms for a, b in pairwise(times))
