"""Words alone, words after wake words, words with pauses around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from edge_daemon.config import Config, parse_config, sequences
from edge_daemon.decision import Confirmation, Decision
from edge_daemon.types import Detection, ModelSpec
from tests.tiny_models import WINDOW_SPEC

SPEC = replace(
    WINDOW_SPEC,
    labels=("go", "left", "stop", "unknown", "silence"),
    thresholds={"go": 0.7, "left": 0.7},
    smooth_ms=0,
)
HOP_MS = 100
QUIET, LOUD = -10.0, 0.0


def decide(
    raw: object,
    said: Mapping[int, str | tuple[str, float]],
    speech: str = "",
    hops: int = 60,
    spec: ModelSpec = SPEC,
    confirm: Confirmation | None = None,
) -> list[Detection]:
    """Run ``hops`` hops in which words score 0.95, or what is given, at the hops given.

    ``speech`` draws the level, a character a hop: ``#`` is speech, anything else a pause.
    """
    config: Config = parse_config(raw)
    decision = Decision(config.decision, spec, sequences(config, spec), HOP_MS, confirm)
    found = []
    for hop in range(hops):
        word = said.get(hop, "silence")
        label, score = (word, 0.95) if isinstance(word, str) else word
        scores = np.zeros(len(spec.labels), np.float32)
        scores[spec.labels.index(label)] = score
        level = LOUD if speech[hop : hop + 1] == "#" else QUIET
        found += decision.update(scores, np.full(10, level, np.float32), hop * HOP_MS)
    return found


def heard(found: list[Detection]) -> list[tuple[str, str | None]]:
    """Return labels and the wake words before them."""
    return [(d.label, d.after) for d in found]


AFTER_GO = {"actions": [{"after": "go", "say": "left", "log": {}}]}
ONLY_AFTER_GO = {"decision": {"words": {"left": {"after": "go"}}}}


def test_every_word_fires_by_default() -> None:
    """Without any configuration each word is a detection."""
    assert heard(decide({}, {5: "go", 20: "stop"})) == [("go", None), ("stop", None)]


def test_a_command_follows_its_wake_word_at_the_next_hop() -> None:
    """There is no dead time between a wake word and its command."""
    found = decide(AFTER_GO, {5: "go", 6: "left"})
    assert heard(found) == [("go", None), ("left", "go")]


def test_a_wake_word_serves_one_command() -> None:
    """The second command in a row stands for itself."""
    found = decide(AFTER_GO, {5: "go", 7: "left", 20: "left"})
    assert heard(found) == [("go", None), ("left", "go"), ("left", None)]


def test_a_command_too_late_stands_for_itself() -> None:
    """After within_ms the wake word is forgotten."""
    config = {**AFTER_GO, "decision": {"within_ms": 1000}}
    assert heard(decide(config, {5: "go", 16: "left"})) == [("go", None), ("left", None)]
    assert heard(decide(config, {5: "go", 15: "left"})) == [("go", None), ("left", "go")]


def test_a_word_that_needs_a_wake_word_is_not_heard_alone() -> None:
    """`after` under a word keeps it quiet unless its wake word came."""
    assert heard(decide(ONLY_AFTER_GO, {5: "left"})) == []
    assert heard(decide(ONLY_AFTER_GO, {5: "go", 9: "left"})) == [("go", None), ("left", "go")]


def test_isolation_passes_a_word_alone_and_drops_one_in_a_sentence() -> None:
    """A pause before and after is needed, and is waited for."""
    isolate = {"decision": {"isolate_ms": 300}}
    alone = "..........####.............................."
    within = "..........####.##.########.###.############.."
    (found,) = decide(isolate, {13: "stop"}, alone)
    assert found.label == "stop"
    assert found.time_s >= 1.6
    assert decide(isolate, {13: "stop"}, within) == []


def test_isolation_drops_a_word_that_follows_speech() -> None:
    """Speech without a pause before the word is a sentence."""
    isolate = {"decision": {"isolate_ms": 300}}
    assert decide(isolate, {26: "stop"}, ".....####################...........") == []


def test_isolation_works_above_steady_noise() -> None:
    """The floor follows the room, so that noise is not taken for speech."""
    config = parse_config({"decision": {"isolate_ms": 300}})
    decision = Decision(config.decision, SPEC, (), HOP_MS)
    rng = np.random.default_rng(0)
    found = []
    for hop in range(100):
        scores = np.eye(5, dtype=np.float32)[2 if hop == 53 else 4]
        level = -3.0 + 0.2 * rng.standard_normal(10) + (3.0 if 50 <= hop < 54 else 0.0)
        found += decision.update(scores, level.astype(np.float32), hop * HOP_MS)
    assert [d.label for d in found] == ["stop"]


def test_a_sequence_needs_no_pauses() -> None:
    """Isolation is for words alone: a command after its wake word fires at once."""
    config = {**AFTER_GO, "decision": {"isolate_ms": 300}}
    found = decide(config, {13: "go", 17: "left"}, "..........########...............")
    assert ("left", "go") in heard(found)
    assert found[0].time_s == 1.7


def test_a_word_may_have_its_own_settings() -> None:
    """Threshold and isolation can be set for a single word."""
    words = {"stop": {"threshold": 0.99}, "left": {"isolate_ms": 0}}
    config = {"decision": {"isolate_ms": 300, "words": words}}
    assert heard(decide(config, {20: "stop", 26: "left"}, "#" * 60)) == [("left", None)]


def test_scores_that_are_no_numbers_fire_nothing() -> None:
    """NaN is above no threshold and does not stay in the mean."""
    config = parse_config({"decision": {"smooth_ms": 300}})
    decision = Decision(config.decision, SPEC, (), HOP_MS)
    levels = np.zeros(10, np.float32)
    broken = np.full(len(SPEC.labels), np.nan, np.float32)
    assert decision.update(broken, levels, 0.0) == []
    good = np.eye(len(SPEC.labels), dtype=np.float32)[2]
    found = [d for i in range(1, 6) for d in decision.update(good, levels, i * HOP_MS)]
    assert [d.label for d in found] == ["stop"]


@pytest.mark.parametrize("max_word_ms", [1200, 3000, 5000])
def test_talk_longer_than_a_word_is_none_however_long_a_word_may_be(max_word_ms: int) -> None:
    """The levels are kept for as long as the longest word and its pauses."""
    config = {"decision": {"isolate_ms": 2000, "max_word_ms": max_word_ms}}
    talk = "." * 30 + "#" * 60 + "." * 40
    assert decide(config, {85: "stop"}, talk, hops=130) == []
    word = "." * 30 + "#" * 6 + "." * 40
    assert heard(decide(config, {36: "stop"}, word, hops=80)) == [("stop", None)]


def decision_of(raw: object, spec: ModelSpec = SPEC) -> Decision:
    """Return one that nothing was said to yet."""
    config = parse_config(raw)
    return Decision(config.decision, spec, sequences(config, spec), HOP_MS)


def fires_at(decision: Decision, word: str) -> float:
    """Return the least score, in hundredths, from which a word fires that is said alone."""
    for hundredths in range(1, 101):
        scores = np.zeros(len(SPEC.labels), np.float32)
        scores[SPEC.labels.index(word)] = hundredths / 100
        decision.reset()
        if decision.update(scores, np.full(10, QUIET, np.float32), HOP_MS):
            return hundredths / 100
    return float("inf")


def test_a_threshold_that_is_set_is_the_one_that_fires() -> None:
    """And no other word's; None is the configured one again."""
    decision = decision_of({"decision": {"wake_words": [], "words": {"go": {"threshold": 0.9}}}})
    assert fires_at(decision, "go") == pytest.approx(0.9, abs=0.011)
    decision.set_threshold("go", 0.35)
    assert decision.thresholds["go"] == pytest.approx(0.35)
    assert fires_at(decision, "go") == pytest.approx(0.35, abs=0.011)
    assert fires_at(decision, "left") == pytest.approx(0.7, abs=0.011)
    decision.set_threshold("go", None)
    assert fires_at(decision, "go") == pytest.approx(0.9, abs=0.011)
    with pytest.raises(KeyError):
        decision.set_threshold("unknown", 0.5)


@pytest.mark.parametrize("value", [0.2, 0.6, 0.99])
def test_the_threshold_of_a_command_is_that_after_its_wake_word(value: float) -> None:
    """It has no other: alone it never fires, whatever is set."""
    decision = decision_of({"decision": {"wake_words": ["go"]}})
    decision.set_threshold("left", value)
    assert decision.thresholds["left"] == pytest.approx(value)
    assert fires_at(decision, "left") == float("inf")
    found = []
    for hop, (word, score) in enumerate(
        [("go", 0.95), ("left", value - 0.02), ("left", value + 0.001)]
    ):
        scores = np.zeros(len(SPEC.labels), np.float32)
        scores[SPEC.labels.index(word)] = score
        now_ms = (1 + hop) * HOP_MS
        found.append(decision.update(scores, np.full(10, QUIET, np.float32), now_ms))
    assert [[d.label for d in hits] for hits in found] == [["go"], [], ["left"]]
