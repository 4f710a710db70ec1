"""Any threshold tried on candidates gives what the package's own decision gives."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.config import parse_config
from edge_daemon.decision import Decision
from edge_daemon.decision.trigger import Trigger, WordRule
from edge_daemon.evaluate.candidates import NEVER, candidates, smoothed_scores
from edge_daemon.evaluate.listening import Listened
from edge_daemon.types import Scores
from tests.tone_words import TONE_SPEC

HOP_MS = 100.0
N_FRAMES = 10
SPEC = replace(TONE_SPEC, hop_ms=100, smooth_ms=300)
N_LABELS = len(SPEC.labels)


def listened(scores: Scores, levels: Scores) -> Listened:
    """Return a stream with these scores and levels."""
    return Listened((), (), scores, levels, len(scores) * HOP_MS / 3.6e6)


def random_stream(seed: int, n_hops: int = 250) -> Listened:
    """Return scores in which words come, stay for a while, and go, over speech and pauses."""
    rng = np.random.default_rng(seed)
    said = np.repeat(rng.integers(0, N_LABELS, n_hops), rng.integers(1, 9, n_hops))[:n_hops]
    logits = (
        rng.normal(0, 1, (n_hops, N_LABELS)) + 4 * rng.random((n_hops, 1)) * np.eye(N_LABELS)[said]
    )
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    loud = np.repeat(rng.random(n_hops) < 0.4, rng.integers(1, 15, n_hops))[:n_hops]
    levels = np.where(loud, 0.0, -8.0)[:, None] + rng.normal(0, 0.3, (n_hops, N_FRAMES))
    return listened(scores.astype(np.float32), levels.astype(np.float32))


@given(
    seed=st.integers(0, 10_000),
    threshold=st.integers(20, 95),
    isolate_ms=st.sampled_from([0, 200, 500]),
    refractory_ms=st.sampled_from([0, 500, 1000]),
    rearm_ratio=st.sampled_from([0.3, 0.6, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_agree_with_the_decision(
    seed: int, threshold: int, isolate_ms: int, refractory_ms: int, rearm_ratio: float
) -> None:
    """Detections of a word are the same, hop by hop, whatever the settings."""
    at = threshold / 100 + 0.00317  # between scores, where no rounding matters
    config = parse_config(
        {
            "decision": {
                "threshold": at, "isolate_ms": isolate_ms, "refractory_ms": refractory_ms,
                "rearm_ratio": rearm_ratio, "wake_words": [],
            }
        }
    ).decision  # fmt: skip
    stream = random_stream(seed)
    decision = Decision(config, SPEC, (), HOP_MS)
    expected = [
        d
        for i in range(len(stream.scores))
        for d in decision.update(stream.scores[i], stream.levels[i], (i + 1) * HOP_MS)
    ]
    found = candidates(stream, SPEC, config, HOP_MS, dict.fromkeys(SPEC.words, isolate_ms))
    for word in SPEC.words:
        times_s = found[word].detected_s(at, at * rearm_ratio, refractory_ms)
        assert times_s == pytest.approx([d.time_s for d in expected if d.label == word])


@given(seed=st.integers(0, 10_000), threshold=st.integers(20, 95))
@settings(max_examples=20, deadline=None)
def test_agree_with_the_trigger_after_a_wake_word(seed: int, threshold: int) -> None:
    """Without pauses they are what fires if a wake word had just been said all the time."""
    at = threshold / 100 + 0.00317
    rule = WordRule(
        threshold=math.inf, threshold_after=at, rearm_below=0.6 * at, refractory_ms=1000
    )
    trigger = Trigger(SPEC.labels, dict.fromkeys(SPEC.words, rule), n_smooth=3)
    stream = random_stream(seed)
    expected: dict[str, list[float]] = {word: [] for word in SPEC.words}
    for i, scores in enumerate(stream.scores):
        now_ms = (i + 1) * HOP_MS
        if hit := trigger.update(scores, now_ms, SPEC.words):
            trigger.fire(hit.label, now_ms)
            expected[hit.label].append(now_ms / 1000)
    found = candidates(stream, SPEC, parse_config({}).decision, HOP_MS, {})
    for word in SPEC.words:
        assert found[word].detected_s(at, 0.6 * at, 1000) == pytest.approx(expected[word])


def test_pauses_can_differ_by_word() -> None:
    """Each word waits for its own pause; one that needs none is known at once."""
    config = parse_config({}).decision
    found = candidates(random_stream(7), SPEC, config, HOP_MS, {"low": 500})
    high = found["high"]
    assert np.array_equal(high.alone, high.hops)
    low = found["low"]
    passed = low.alone != NEVER
    assert 0 < passed.sum() < len(passed)
    assert (low.alone[passed] >= low.hops[passed]).all()


def test_a_stream_without_hops() -> None:
    """Nothing was heard, so nothing can fire."""
    empty = listened(np.zeros((0, N_LABELS), np.float32), np.zeros((0, N_FRAMES), np.float32))
    found = candidates(empty, SPEC, parse_config({}).decision, HOP_MS, {"low": 300})
    assert set(found) == set(SPEC.words)
    assert all(len(c.detected_s(0.5, 0.3, 1000)) == 0 for c in found.values())


def test_scores_that_are_no_numbers_count_as_nothing() -> None:
    """One bad hop does not spoil those after it."""
    scores = np.full((5, N_LABELS), 0.5, np.float32)
    scores[1, 2] = np.nan
    smoothed = smoothed_scores(scores, 2)
    assert smoothed[:, 0] == pytest.approx([0.25, 0.25, 0.25, 0.5, 0.5])
