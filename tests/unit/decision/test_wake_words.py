"""A model with wake words: every other word fires only after one of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.config import parse_config, sequences
from edge_daemon.decision import Decision
from edge_daemon.types import Detection
from tests.tiny_models import WINDOW_SPEC
from tests.unit.decision.test_decision import HOP_MS, LOUD, decide, heard

SPEC = replace(
    WINDOW_SPEC,
    labels=("computer", "jarvis", "go", "left", "stop", "unknown", "silence"),
    thresholds=dict.fromkeys(("computer", "jarvis", "go", "left", "stop"), 0.8),
    thresholds_after={"left": 0.5, "stop": 0.6},
    wake_words=("computer", "jarvis"),
    smooth_ms=0,
)
Said = dict[int, str | tuple[str, float]]


def test_a_word_fires_only_after_a_wake_word() -> None:
    """Alone it is not heard, after a wake word it is, and then the next one needs another."""
    said: Said = {5: "stop", 20: "computer", 25: "stop", 40: "stop"}
    assert heard(decide({}, said, spec=SPEC)) == [("computer", None), ("stop", "computer")]


def test_without_wake_words_every_word_fires() -> None:
    """An empty list in the configuration turns the model's wake words off."""
    config: object = {"decision": {"wake_words": []}}
    said: Said = {5: "stop", 20: "computer", 25: "left"}
    found = [("stop", None), ("computer", None), ("left", None)]
    assert heard(decide(config, said, spec=SPEC)) == found


def test_a_word_too_late_is_not_heard() -> None:
    """The wake word is forgotten after within_ms."""
    config = {"decision": {"within_ms": 1000}}
    assert heard(decide(config, {5: "computer", 15: "stop"}, spec=SPEC))[1:] == [
        ("stop", "computer")
    ]
    assert heard(decide(config, {5: "computer", 16: "stop"}, spec=SPEC))[1:] == []


def test_what_was_said_too_early_holds_nothing_up() -> None:
    """A word said before its wake word is heard right after it, within its refractory time."""
    found = decide({}, {5: "stop", 8: "computer", 11: "stop"}, spec=SPEC)
    assert heard(found) == [("computer", None), ("stop", "computer")]


def test_a_word_that_may_be_said_alone_is_heard_either_way() -> None:
    """With an empty `after` the wake word is not needed, and is told where it came."""
    config = {"decision": {"isolate_ms": 300, "words": {"stop": {"after": []}}}}
    alone = "..........####.............................."
    assert heard(decide(config, {13: "stop"}, alone, spec=SPEC)) == [("stop", None)]
    fluent: Said = {13: "computer", 17: "stop"}
    said = heard(decide(config, fluent, "..........########....", spec=SPEC))
    assert said == [("stop", "computer")], "the wake word was not said alone"


def test_isolation_does_not_hold_what_follows_a_wake_word() -> None:
    """The isolation of all words leaves those after a wake word alone, however fast they come."""
    config = {"decision": {"isolate_ms": 300}}
    fluent: Said = {13: "computer", 17: "stop"}
    found = decide(config, fluent, "..........##############..........", spec=SPEC)
    assert heard(found) == [("stop", "computer")]
    assert found[0].time_s == 1.7


def test_an_actions_wake_word_fires_alone() -> None:
    """Where an action waits for "go … left", "go" needs no other wake word."""
    config = {"actions": [{"after": "go", "say": "left", "log": {}}]}
    said: Said = {5: "go", 10: "left", 20: "left", 30: "computer", 35: "left"}
    assert heard(decide(config, said, spec=SPEC)) == [
        ("go", None), ("left", "go"), ("computer", None), ("left", "computer"),
    ]  # fmt: skip


def test_a_chain_of_three() -> None:
    """A wake word that needs another is no wake word without it."""
    words = {"go": {"after": "computer"}, "left": {"after": "go"}}
    config = {"decision": {"words": words}}
    said: Said = {5: "go", 10: "left", 20: "computer", 25: "go", 30: "left"}
    assert heard(decide(config, said, spec=SPEC)) == [
        ("computer", None), ("go", "computer"), ("left", "go"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "score", "is_heard"),
    [
        ({}, 0.5, True),
        ({}, 0.49, False),
        ({"threshold_after": 0.7}, 0.6, False),
        ({"threshold_after": 0.4}, 0.45, True),
        ({"threshold_after": 0.4, "words": {"left": {"threshold_after": 0.6}}}, 0.5, False),
        ({"words": {"left": {"threshold_after": 0.3}}}, 0.35, True),
        ({"threshold": 0.9}, 0.5, True),
    ],
)
def test_thresholds_after_a_wake_word(
    decision: dict[str, object], score: float, is_heard: bool
) -> None:
    """The word's own goes first, then the decision's, then the model's."""
    found = decide({"decision": decision}, {5: "computer", 9: ("left", score)}, spec=SPEC)
    assert [d.label for d in found] == ["computer", *["left"] * is_heard]


@pytest.mark.parametrize(("score", "is_heard"), [(0.79, False), (0.8, True)])
def test_without_a_threshold_for_it_the_one_for_alone_counts(score: float, is_heard: bool) -> None:
    """The model has no threshold for "go" after a wake word."""
    found = decide({}, {5: "computer", 9: ("go", score)}, spec=SPEC)
    assert [d.label for d in found] == ["computer", *["go"] * is_heard]


def test_only_the_words_that_are_expected_have_the_lower_threshold() -> None:
    """Neither before the wake word, nor after the command, nor for words that do not follow it."""
    words = {"left": {"after": []}, "stop": {"after": "jarvis"}}
    quiet: Said = {
        2: ("left", 0.6), 5: "computer", 8: ("stop", 0.7), 11: ("left", 0.6), 25: ("left", 0.6),
    }  # fmt: skip
    found = decide({"decision": {"words": words}}, quiet, spec=SPEC)
    assert heard(found) == [("computer", None), ("left", "computer")]


def test_a_wake_word_makes_no_word_harder_to_hear() -> None:
    """A word that fires alone from a lower score fires from it after a wake word, too."""
    words = {"left": {"after": [], "threshold": 0.4}}
    found = decide({"decision": {"words": words}}, {5: "computer", 9: ("left", 0.45)}, spec=SPEC)
    assert heard(found) == [("computer", None), ("left", "computer")]


WORDS = st.sampled_from(SPEC.labels)
SCORES = st.lists(st.tuples(WORDS, st.floats(0, 1, width=32)), min_size=1, max_size=120)
LEVELS = st.lists(st.booleans(), min_size=120, max_size=120)


def listen(
    raw: object, steps: list[tuple[str, float]], speech: list[bool], answers: list[bool]
) -> list[Detection]:
    """Run hops of one score each; a larger model answers in turn, none when there are none."""
    config = parse_config({"decision": raw})
    turns = iter(answers * len(steps))
    confirm = (lambda _: next(turns)) if answers else None
    decision = Decision(config.decision, SPEC, sequences(config, SPEC), HOP_MS, confirm)
    found = []
    for hop, (label, score) in enumerate(steps):
        scores = np.zeros(len(SPEC.labels), np.float32)
        scores[SPEC.labels.index(label)] = score
        levels = np.full(10, LOUD if speech[hop] else -10.0, np.float32)
        found += decision.update(scores, levels, float(hop * HOP_MS))
    return found


DECISIONS = st.fixed_dictionaries(
    {"within_ms": st.integers(200, 3000), "refractory_ms": st.integers(0, 2000)},
    optional={
        "isolate_ms": st.integers(0, 500),
        "smooth_ms": st.integers(0, 500),
        "threshold_after": st.floats(0.01, 1),
        "rearm_ratio": st.floats(0.1, 1),
    },
)
ANSWERS = st.lists(st.booleans(), max_size=5)


@given(raw=DECISIONS, steps=SCORES, speech=LEVELS, answers=ANSWERS)
@settings(max_examples=150, deadline=None)
def test_no_word_without_its_wake_word(
    raw: dict[str, float], steps: list[tuple[str, float]], speech: list[bool], answers: list[bool]
) -> None:
    """Whatever is heard, a command has its own wake word, said once and in time before it."""
    # without isolation: it drops the detections of wake words, which are wake words all the same
    found = listen({**raw, "isolate_ms": 0}, steps, speech, answers)
    waiting: dict[str, float] = {}
    for detection in found:
        if detection.label in SPEC.wake_words:
            assert detection.after is None
            waiting[detection.label] = detection.time_s
        else:
            assert detection.after is not None
            since_ms = 1000 * (detection.time_s - waiting.pop(detection.after))
            assert since_ms <= raw["within_ms"] + 1e-6


@given(raw=DECISIONS, steps=SCORES, speech=LEVELS, answers=ANSWERS)
@settings(max_examples=150, deadline=None)
def test_at_most_one_detection_in_a_refractory_span(
    raw: dict[str, float], steps: list[tuple[str, float]], speech: list[bool], answers: list[bool]
) -> None:
    """Hits of one word are the refractory time apart, with wake words and confirmation too."""
    # isolation holds hits back by its pause, and may end two of them at one hop
    found = listen({**raw, "isolate_ms": 0}, steps, speech, answers)
    for word in SPEC.words:
        times_ms = [1000 * d.time_s for d in found if d.label == word]
        assert all(b - a >= raw["refractory_ms"] - 1e-6 for a, b in pairwise(times_ms))


@given(raw=DECISIONS, steps=SCORES, speech=LEVELS)
@settings(max_examples=100, deadline=None)
def test_a_second_opinion_that_never_differs(
    raw: dict[str, float], steps: list[tuple[str, float]], speech: list[bool]
) -> None:
    """One that always says yes changes nothing; one that always says no leaves nothing."""
    assert listen(raw, steps, speech, [True]) == listen(raw, steps, speech, [])
    assert listen(raw, steps, speech, [False]) == []


def test_a_rejected_word_keeps_its_wake_word_and_stays_armed() -> None:
    """A word that is confirmed one hop later is heard then, with its wake word."""
    answers = {"computer": [True], "stop": [False, False, True]}
    asked: list[str] = []

    def confirm(label: str) -> bool:
        asked.append(label)
        return answers[label].pop(0)

    said: Said = {5: "computer", 10: "stop", 11: "stop", 12: "stop", 13: "stop"}
    found = decide({}, said, spec=SPEC, confirm=confirm)
    assert [(d.label, d.after, d.time_s) for d in found] == [
        ("computer", None, 0.5),
        ("stop", "computer", 1.2),
    ]
    assert asked == ["computer", "stop", "stop", "stop"]


def test_a_rejected_wake_word_is_none() -> None:
    """Nothing follows a wake word that was not confirmed."""
    found = decide({}, {5: "computer", 8: "stop"}, spec=SPEC, confirm=lambda x: x == "stop")
    assert found == []


def test_only_what_would_be_heard_is_asked_about() -> None:
    """Words without their wake word, low scores and held words do not wake the larger model."""
    asked: list[str] = []

    def confirm(label: str) -> bool:
        asked.append(label)
        return True

    config = {"decision": {"isolate_ms": 300, "words": {"go": {"after": []}}}}
    alone = "..........####.............................."
    said: Said = {2: "stop", 4: ("computer", 0.7), 6: "unknown", 13: "go"}
    assert heard(decide(config, said, alone, spec=SPEC, confirm=confirm)) == [("go", None)]
    assert asked == ["go"]
