"""Another pipeline in the middle of a stream, as a reload puts it in place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon import Pipeline
from edge_daemon.config import parse_config
from edge_daemon.types import Detection, Samples
from tests.sounds import said
from tests.tiny_models import PITCH_SPEC, STREAM_SPEC, WINDOW_SPEC, pitch, write_model

RATE_HZ = 16000
AUDIO = said((1.0, "low"), (1.6, "high"), (3.0, "high"), (6.0, "low"), (7.0, "high"), total_s=8.5)


@pytest.fixture(scope="session", params=["window", "stream"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that hears a wake word and a word, of either kind."""
    n_frames = {"window": WINDOW_SPEC, "stream": STREAM_SPEC}[request.param].n_frames
    spec = replace(PITCH_SPEC, wake_words=("low",), kind=request.param, n_frames=n_frames)
    return write_model(
        tmp_path_factory.mktemp("models") / f"{spec.kind}.onnx", spec, weights=pitch(spec)
    )


def pipeline(path: Path, **sections: object) -> Pipeline:
    """Build one for a configuration."""
    return Pipeline.load(str(path), parse_config(sections))


def heard_through_a_change(
    before: Pipeline, after: Pipeline, at: int, kept: int
) -> list[Detection]:
    """Put one in the place of the other at a sample, with so much of the audio kept."""
    found = before.process(AUDIO[:at])
    found += after.go_on_from(before, AUDIO[max(0, at - kept) : at])
    return found + after.process(AUDIO[at:])


@given(at=st.integers(0, len(AUDIO)), kept_s=st.sampled_from([5.0, 9.0]))
@settings(max_examples=10, deadline=None)
def test_the_same_configuration_hears_the_same(path: Path, at: int, kept_s: float) -> None:
    """Wherever between two samples: within a word, or between a wake word and its command."""
    expected = pipeline(path).process(AUDIO)
    assert [(d.after, d.label) for d in expected][:2] == [(None, "low"), ("low", "high")]
    found = heard_through_a_change(pipeline(path), pipeline(path), at, kept=round(kept_s * RATE_HZ))
    assert [(d.after, d.label) for d in found] == [(d.after, d.label) for d in expected]
    assert [d.time_s for d in found] == pytest.approx([d.time_s for d in expected], abs=0.05)
    if kept_s > AUDIO.size / RATE_HZ:
        assert found == expected, "with all of the stream kept, to the last bit"


@given(at=st.integers(0, len(AUDIO)), block=st.integers(100, 5000))
@settings(max_examples=8, deadline=None)
def test_no_sample_is_counted_twice(path: Path, at: int, block: int) -> None:
    """What is heard again for the change was worked on before."""
    before = pipeline(path)
    other_hops = at % 2 and before.spec.kind == "window"
    after = pipeline(path, model={"hop_ms": 80} if other_hops else {})
    for start in range(0, at, block):
        before.process(AUDIO[start : min(at, start + block)])
    after.go_on_from(before, AUDIO[max(0, at - 5 * RATE_HZ) : at])
    after.process(AUDIO[at:])
    left = round(after.waiting_s * RATE_HZ)
    assert after.n_processed + after.n_cut + left == len(AUDIO)
    assert after.n_cut == 0
    after.flush()
    assert after.n_processed == len(AUDIO)


def test_a_new_stream_cuts_off_what_waits(path: Path) -> None:
    """Less than a hop is not worked on, and counted."""
    listening = pipeline(path)
    hop = round(listening.spec.hop_ms * RATE_HZ / 1000)
    listening.process(np.zeros(3 * hop + 7, np.int16))
    listening.reset()
    assert (listening.n_processed, listening.n_cut) == (3 * hop, 7)
    after = pipeline(path)
    listening.process(np.zeros(hop + 5, np.int16))
    after.count_on_from(listening)
    assert (after.n_processed, after.n_cut) == (4 * hop, 12)


def test_other_words_count_from_then_on(path: Path) -> None:
    """A wake word that is needed no more lets the next word through alone."""
    alone: dict[str, object] = {"decision": {"wake_words": []}}
    at = round(2.5 * RATE_HZ)
    found = heard_through_a_change(pipeline(path), pipeline(path, **alone), at, 5 * RATE_HZ)
    assert [d.after for d in found[:2]] == [None, "low"]
    assert all(d.after is None for d in found[2:])
    times_s = [d.time_s for d in found if d.label == "high"]
    assert len(times_s) == 3
    assert times_s == sorted(set(times_s)), "none is heard twice"


def test_what_has_fired_before_does_not_fire_again(path: Path) -> None:
    """A word that ends right at the change is heard by one of the two."""
    expected = pipeline(path).process(AUDIO)
    for detection in expected:
        at = round(detection.time_s * RATE_HZ)
        for shift in (-800, 0, 800):
            found = heard_through_a_change(pipeline(path), pipeline(path), at + shift, 5 * RATE_HZ)
            assert [d.label for d in found] == [d.label for d in expected]


def test_the_gate_counts_on(path: Path) -> None:
    """A reload is no new beginning for the counts of hops."""
    silent: Samples = np.zeros(20 * RATE_HZ, np.int16)
    before, after = pipeline(path), pipeline(path)
    before.process(silent)
    figures = before.activity
    assert (figures is None) == (before.spec.kind == "stream"), "a model that streams has no gate"
    after.go_on_from(before, silent[-5 * RATE_HZ :])
    if figures and after.activity:
        assert figures.skipped > 0
        assert (after.activity.hops, after.activity.skipped) == (figures.hops, figures.skipped)


@pytest.mark.parametrize(
    "sections",
    [
        [{}, {"threshold": 0.85}],
        [{}, {"smooth_ms": 400}],
        [{"threshold": 0.85}, {"threshold": 0.3}],
        [{"wake_words": [], "isolate_ms": 80}, {"wake_words": [], "isolate_ms": 40}],
        [{"wake_words": [], "isolate_ms": 40}, {"wake_words": [], "isolate_ms": 80}],
    ],
)
def test_other_thresholds_tell_no_word_twice(path: Path, sections: list[object]) -> None:
    """Wherever in a word another configuration takes over: the two tell it once between them."""
    one, other = ([d.label for d in pipeline(path, decision=x).process(AUDIO)] for x in sections)
    assert one == other
    for at in range(RATE_HZ // 2, len(AUDIO) - RATE_HZ // 2, 5600):
        before, after = (pipeline(path, decision=x) for x in sections)
        found = heard_through_a_change(before, after, at, 5 * RATE_HZ)
        assert [d.label for d in found] == one, f"at {at / RATE_HZ:.2f} s"
