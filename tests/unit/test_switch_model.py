"""Another model in the middle of a stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon import Pipeline
from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import LoadedModel, differences, load_model
from edge_daemon.types import FrontendSpec, ModelSpec
from tests.sounds import said
from tests.tiny_models import PITCH_SPEC, STREAM_SPEC, WINDOW_SPEC, pitch, write_model

AUDIO = said((1.0, "low"), (1.6, "high"), (3.0, "high"), total_s=4.5)
WAKING_SPEC = replace(PITCH_SPEC, wake_words=("low",))


@pytest.fixture(scope="session", params=["window", "stream"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that hears a wake word and a word, of either kind."""
    n_frames = {"window": WINDOW_SPEC, "stream": STREAM_SPEC}[request.param].n_frames
    spec = replace(WAKING_SPEC, kind=request.param, n_frames=n_frames)
    return write_model(
        tmp_path_factory.mktemp("models") / f"{spec.kind}.onnx", spec, weights=pitch(spec)
    )


def loaded(path: Path) -> LoadedModel:
    """Open a model."""
    return load_model(ModelConfig(path=str(path)), RuntimeConfig())


@given(at=st.integers(0, len(AUDIO)))
@settings(max_examples=20, deadline=None)
def test_a_model_that_scores_alike_is_not_noticed(path: Path, at: int) -> None:
    """Wherever in the stream it takes over, between any two blocks, the same is heard."""
    pipeline = Pipeline.load(str(path))
    expected = pipeline.process(AUDIO)
    assert [(d.after, d.label) for d in expected] == [(None, "low"), ("low", "high")]
    pipeline.reset()
    found = pipeline.process(AUDIO[:at])
    pipeline.switch_model(loaded(path))
    assert found + pipeline.process(AUDIO[at:]) == expected


def test_the_new_model_scores_from_then_on(tmp_path: Path) -> None:
    """What is heard afterwards is what the new model hears."""
    swapped = replace(WAKING_SPEC, wake_words=())
    matrix, bias = pitch(swapped)
    old = write_model(tmp_path / "old.onnx", swapped, weights=(matrix, bias))
    new = write_model(tmp_path / "new.onnx", swapped, weights=(-matrix, bias))
    pipeline = Pipeline.load(str(old))
    audio = said((1.0, "low"), total_s=2.5)
    heard = [d.label for d in pipeline.process(audio)]
    pipeline.switch_model(loaded(new))
    assert heard + [d.label for d in pipeline.process(audio)] == ["low", "high"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"labels": ("high", "low", "unknown", "silence")}, "labels"),
        ({"n_frames": 21}, "n_frames"),
        ({"frontend": FrontendSpec(n_mels=10, n_mfcc=10, f_max_hz=3900)}, "frontend"),
        ({"thresholds": {"low": 0.71, "high": 0.7}}, "thresholds"),
    ],
)
def test_a_model_that_decides_otherwise_is_refused(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    """The difference is named, and the model before goes on."""
    pipeline = Pipeline.load(
        str(write_model(tmp_path / "m.onnx", PITCH_SPEC, weights=pitch(PITCH_SPEC)))
    )
    spec: ModelSpec = replace(PITCH_SPEC, **changes)
    other = loaded(write_model(tmp_path / "other.onnx", spec, weights=pitch(spec)))
    with pytest.raises(ModelError, match=f"differs in {named}$"):
        pipeline.switch_model(other)
    assert pipeline.spec == PITCH_SPEC


def test_what_is_only_shown_may_differ() -> None:
    """Another name, version, source or licence changes nothing that is heard."""
    other = replace(PITCH_SPEC, name="x", version="2", training_data="y", licence="z")
    assert differences(PITCH_SPEC, other) == []


def test_states_of_another_shape_are_not_taken_over(tmp_path: Path) -> None:
    """A streaming model that remembers something else begins anew."""
    stream = loaded(write_model(tmp_path / "s.onnx", STREAM_SPEC))
    window = loaded(write_model(tmp_path / "w.onnx", WINDOW_SPEC))
    hop = np.full((10, 10), 3.0, np.float32)
    first = stream.scores(hop)
    window.scores(hop)
    stream.go_on_from(window)
    np.testing.assert_array_equal(stream.scores(hop), first)
