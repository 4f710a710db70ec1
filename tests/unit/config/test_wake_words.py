"""Which word follows which, and what cannot be meant beside a model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_daemon.config import parse_config, problems_with_model, sequences
from edge_daemon.errors import ConfigError
from edge_daemon.types import ModelSpec
from tests.tiny_models import WINDOW_SPEC

PLAIN = replace(
    WINDOW_SPEC,
    labels=("computer", "jarvis", "go", "left", "unknown", "silence"),
    thresholds={},
)
"""A model without wake words."""
WAKING = replace(PLAIN, wake_words=("computer", "jarvis"), thresholds_after={"left": 0.5})
"""The same with two of them."""

Decided = dict[str, object]


def pairs(spec: ModelSpec, decision: Decided | None = None, *actions: Decided) -> set[str]:
    """Return each sequence as ``go left``, with a ``!`` where the second word needs the first."""
    config = parse_config({"decision": decision, "actions": [{"log": {}, **a} for a in actions]})
    return {f"{s.after} {s.say}{'!' if s.is_needed else ''}" for s in sequences(config, spec)}


def words(**settings: Decided) -> Decided:
    """Return a decision section in which these words differ."""
    return {"words": settings}


AFTER_ONE = {"computer go!", "jarvis go!", "computer left!", "jarvis left!"}
GO_LEFT: Decided = {"after": "go", "say": "left"}


@pytest.mark.parametrize(
    ("spec", "decision", "expected"),
    [
        (PLAIN, None, set()),
        (WAKING, None, AFTER_ONE),
        (WAKING, {"wake_words": None}, AFTER_ONE),
        (WAKING, {"wake_words": []}, set()),
        (PLAIN, {"wake_words": ["computer", "jarvis", "jarvis"]}, AFTER_ONE),
        (WAKING, {"wake_words": ["go"]}, {"go computer!", "go jarvis!", "go left!"}),
    ],
)
def test_every_other_word_needs_a_wake_word(
    spec: ModelSpec, decision: Decided | None, expected: set[str]
) -> None:
    """The model's wake words are in force unless the configuration has its own, or none."""
    assert pairs(spec, decision) == expected


def test_a_words_own_after_goes_first() -> None:
    """A word, several words, or none at all take the place of the wake words."""
    only_jarvis = pairs(WAKING, words(left={"after": "jarvis"}))
    assert only_jarvis == {"computer go!", "jarvis go!", "jarvis left!"}
    either = words(left={"after": ["go", "jarvis"]}, go={"after": "computer"})
    assert pairs(WAKING, either) == {"computer go!", "go left!", "jarvis left!"}
    assert pairs(PLAIN, words(left={"after": "go"})) == {"go left!"}


def test_a_word_that_may_be_said_alone_still_follows_the_wake_words() -> None:
    """With an empty `after` a word needs no wake word, and has one all the same."""
    expected = {"computer go!", "jarvis go!", "computer left", "jarvis left"}
    assert pairs(WAKING, words(left={"after": []})) == expected
    assert pairs(WAKING, words(left={"after": []}, computer={"after": []})) == expected


def test_a_word_named_by_an_after_is_a_wake_word() -> None:
    """Where "go" is to be heard before "left", it fires alone; "left" keeps its wake words."""
    go_alone = {"computer go", "jarvis go", "computer left!", "jarvis left!", "go left!"}
    assert pairs(WAKING, None, GO_LEFT) == go_alone
    assert pairs(WAKING, words(left={"after": "go"})) == {"computer go", "jarvis go", "go left!"}


def test_a_wake_word_may_need_another() -> None:
    """Whoever wants "computer … go … left" says so in the word's own `after`."""
    chain = words(go={"after": "computer"}, left={"after": "go"})
    assert pairs(WAKING, chain, GO_LEFT) == {"computer go!", "go left!"}
    listed = {"wake_words": ["computer", "jarvis"], **words(jarvis={"after": "computer"})}
    assert pairs(PLAIN, listed) == {"computer jarvis!", *AFTER_ONE}


def test_an_action_adds_its_pair() -> None:
    """An action's `after` makes no other word dependent on it."""
    assert pairs(PLAIN, None, GO_LEFT) == {"go left"}
    assert pairs(PLAIN, words(left={"after": "jarvis"}), GO_LEFT) == {"jarvis left!", "go left!"}
    assert pairs(WAKING, None, {"say": "left"}, {"say": "*"}) == AFTER_ONE


@pytest.mark.parametrize("decision", [None, words(left={"after": "go"})])
@pytest.mark.parametrize(
    ("within_ms", "expected"), [([500, None], 500), ([None, 9000, 9000], 9000), ([None], 3000)]
)
def test_an_explicit_time_goes_before_the_default(
    decision: Decided | None, within_ms: list[int | None], expected: int
) -> None:
    """Each pair is one sequence, at the action's own time wherever it stands, else the default's."""
    actions = [{"log": {}, **GO_LEFT, "within_ms": ms} for ms in within_ms]
    config = parse_config({"decision": decision, "actions": actions})
    assert [(s.after, s.say, s.within_ms) for s in sequences(config, PLAIN)] == [
        ("go", "left", expected)
    ]


def test_two_times_for_one_sequence_are_a_problem() -> None:
    """Which one is meant cannot be known."""
    actions = [{"log": {}, **GO_LEFT, "within_ms": ms} for ms in (500, None, 700)]
    with pytest.raises(ConfigError) as caught:
        parse_config({"actions": actions})
    assert caught.value.problems == [
        "actions[2].within_ms: 700, but actions[0] has 500 for the same 'go … left'"
    ]


LACKING = "the model has no word 'computr', did you mean 'computer'?; it has computer, jarvis"


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ({"wake_words": ["computr"]}, f"decision.wake_words: {LACKING}"),
        ({"wake_words": ["silence"]}, "decision.wake_words: the model has no word 'silence'"),
        (words(computr={}), f"decision.words.computr: {LACKING}"),
        (words(left={"after": ["go", "computr"]}), f"decision.words.left.after: {LACKING}"),
        (
            words(go={"after": "go"}),
            "decision.words.go.after: 'go' can never fire: it waits for go, which cannot fire "
            "before it",
        ),
        (
            words(go={"after": "left"}, left={"after": "go"}),
            "decision.words.left.after: 'left' can",
        ),
        (
            {"wake_words": ["go"], **words(go={"after": "go"})},
            "decision.words.go.after: 'go' can never fire",
        ),
        (
            words(left={"isolate_ms": 300}),
            "decision.words.left.isolate_ms: is for a word that is said alone, and 'left' fires "
            "only after computer, jarvis; with `after: []` it fires alone too",
        ),
        (
            words(left={"threshold": 0.9}),
            "decision.words.left.threshold: is for a word that is said alone, and 'left' fires "
            "only after computer, jarvis; set threshold_after, or `after: []`",
        ),
        (
            {"threshold_after": 0.5, **words(go={"threshold": 0.9, "after": "computer"})},
            "decision.words.go.threshold: is for a word that is said alone, and 'go' fires only "
            "after computer; set",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_problem(decision: Decided, expected: str) -> None:
    """A word is never deaf, and a setting never idle, without a line that says so."""
    problems = problems_with_model(parse_config({"decision": decision}), WAKING)
    assert any(p.startswith(expected) for p in problems), problems


@pytest.mark.parametrize(
    "decision",
    [
        {"isolate_ms": 300},
        {"wake_words": [], **words(left={"isolate_ms": 300, "threshold": 0.9})},
        words(left={"isolate_ms": 300, "after": []}, computer={"isolate_ms": 300}),
        words(left={"threshold": 0.9, "threshold_after": 0.6}, computer={"threshold": 0.9}),
        words(go={"threshold": 0.9}),
        words(go={"threshold_after": 0.9}, left={"refractory_ms": 0}),
        words(go={"after": "computer"}, left={"after": ["go", "left"]}),
    ],
)
def test_what_can_be_meant_is_none(decision: Decided) -> None:
    """Settings of the mode in force, and settings for both, are no problem."""
    assert problems_with_model(parse_config({"decision": decision}), WAKING) == []


def test_each_mistake_is_told_once() -> None:
    """A wake word that the model lacks is one problem, not one for each word that waits for it."""
    decision = {"wake_words": ["computr"], **words(left={"after": "computr"})}
    problems = problems_with_model(parse_config({"decision": decision}), WAKING)
    assert [p.partition(":")[0] for p in problems] == [
        "decision.wake_words",
        "decision.words.left.after",
    ]
