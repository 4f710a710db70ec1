"""The streaming runner: state that is carried from hop to hop."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import load_model
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model


def test_streaming_scores_equal_windowed_scores(tmp_path: Path) -> None:
    """With the same weights, hop by hop, both kinds give the same scores."""
    features = np.random.default_rng(0).standard_normal((100, 10)).astype(np.float32)
    runs = []
    for spec in (WINDOW_SPEC, STREAM_SPEC):
        path = write_model(tmp_path / f"{spec.kind}.onnx", spec)
        model = load_model(ModelConfig(path=str(path)), RuntimeConfig())
        runs.append([model.scores(hop) for hop in features.reshape(10, 10, 10)])
    np.testing.assert_allclose(runs[0], runs[1], atol=1e-6)


def test_reset_forgets_the_state(tmp_path: Path) -> None:
    """After a reset the first hop scores as on a new model."""
    path = write_model(tmp_path / "m.onnx", STREAM_SPEC)
    model = load_model(ModelConfig(path=str(path)), RuntimeConfig())
    hop = np.full((10, 10), 3.0, np.float32)
    first = model.scores(hop)
    assert not np.array_equal(model.scores(hop), first)
    model.reset()
    np.testing.assert_array_equal(model.scores(hop), first)


def test_part_of_a_chunk_is_refused(tmp_path: Path) -> None:
    """A streaming model takes whole chunks only."""
    path = write_model(tmp_path / "m.onnx", STREAM_SPEC)
    model = load_model(ModelConfig(path=str(path)), RuntimeConfig())
    with pytest.raises(ValueError, match="multiple of 10"):
        model.scores(np.zeros((7, 10), np.float32))


def test_a_state_without_successor_is_refused(tmp_path: Path) -> None:
    """A state input needs an output that follows it."""
    import onnx

    path = write_model(tmp_path / "m.onnx", STREAM_SPEC)
    model = onnx.load(path)
    del model.graph.output[1]
    onnx.save(model, path)
    with pytest.raises(ModelError, match="past_next"):
        load_model(ModelConfig(path=str(path)), RuntimeConfig())
