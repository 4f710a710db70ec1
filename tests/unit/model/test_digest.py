"""What tells models apart counts the weights, wherever they are."""

from __future__ import annotations

import os
from pathlib import Path

import onnx
import pytest

from edge_daemon.config import TensorrtConfig
from edge_daemon.errors import ModelError
from edge_daemon.model.digest import sha256_of
from edge_daemon.model.providers.engines import engine_folder
from tests.tiny_models import write_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model with its weights in a file of their own."""
    path = write_model(tmp_path / "m.onnx")
    graph = onnx.load(path)
    onnx.save(graph, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path


def test_a_model_that_was_trained_anew_is_another_one(model: Path) -> None:
    """Even where only the file beside it changed; engines of TensorRT are then built anew."""
    config = TensorrtConfig(cache=str(model.with_name("cache")))
    before, engines = sha256_of(model), engine_folder(config, model)
    weights = model.with_name("weights.bin")
    weights.write_bytes(bytes(weights.stat().st_size))
    assert sha256_of(model) != before
    assert engine_folder(config, model) != engines


def test_weights_elsewhere_are_not_opened(model: Path) -> None:
    """A FIFO, or a file of another folder, is refused before anybody waits for it or reads it."""
    model.with_name("weights.bin").unlink()
    os.mkfifo(model.with_name("weights.bin"))
    with pytest.raises(ModelError, match=r"weights\.bin"):
        sha256_of(model)


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_any_file_has_one(tmp_path: Path, content: bytes) -> None:
    """To refuse what is no model is for others."""
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert len(sha256_of(path)) == 64
