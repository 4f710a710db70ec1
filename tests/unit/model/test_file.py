"""Model files that are served, and those that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import load_model
from edge_daemon.model.file import spec_from_json, spec_to_json
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model


def load(path: Path) -> Any:
    """Open a model as the daemon does."""
    return load_model(ModelConfig(path=str(path)), RuntimeConfig())


def changed(**changes: Any) -> str:
    """Return the metadata of the tiny model with some keys changed; None takes one out."""
    raw = json.loads(spec_to_json(WINDOW_SPEC)) | changes
    return json.dumps({k: v for k, v in raw.items() if v is not None})


@pytest.mark.parametrize("spec", [WINDOW_SPEC, STREAM_SPEC])
def test_metadata_survives_the_round_trip(spec: Any, tmp_path: Path) -> None:
    """What is written into a model is what is read from it."""
    assert load(write_model(tmp_path / "m.onnx", spec)).spec == spec


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        (None, "no metadata"),
        ("{", "bad metadata"),
        ("[]", "bad metadata"),
        (changed(labels=None), "labels"),
        (changed(labels=["loud", "loud", "silence"]), "loud stands twice"),
        (changed(labels=["loud", "silence"]), "names 2 labels"),
        (changed(kind="magic"), "kind"),
        (changed(n_frames=21), r"input is \[1, 20, 10\]"),
        (changed(n_frames=0), "above 0"),
        (changed(thresholds={"quiet": 0.5}), "no such label: quiet"),
        (changed(thresholds={"loud": 7}), "outside 0 to 1"),
        (changed(frontend={"n_mfcc": 50}), "n_mfcc"),
        (changed(frontend={"n_mels": 10, "n_mfcc": 10, "std": [0.0] * 10}), "std: must be above"),
        (changed(frontend={"n_mels": 10, "n_mfcc": 10, "mean": [0.0]}), "10 values each"),
        (changed(frontend={"win_length": 999}), "longer than n_fft"),
        (changed(frontend={"f_max_hz": 9000}), "half the sample rate"),
    ],
)
def test_metadata_at_odds_is_refused(tmp_path: Path, metadata: str | None, message: str) -> None:
    """A model whose metadata is missing, wrong, or contradicts the graph is not served."""
    path = write_model(tmp_path / "m.onnx", metadata=metadata)
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def damage_nothing(data: bytes) -> bytes:
    """Keep the first half."""
    return data[: len(data) // 2]


@pytest.mark.parametrize("damage", [damage_nothing, lambda _: b"", lambda _: b"not a model at all"])
def test_damaged_files_are_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """A truncated, empty or foreign file is refused with its name."""
    path = write_model(tmp_path / "m.onnx")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError, match="not a model"):
        load(path)


@pytest.mark.parametrize("name", ["builtin:nothing", "builtin:../tiny", "missing.onnx", "/tmp"])
def test_missing_models_are_named(name: str) -> None:
    """A model that is not there is refused with what there is."""
    with pytest.raises(ModelError, match="no such model"):
        load_model(ModelConfig(path=name), RuntimeConfig())


def test_all_problems_are_reported_at_once() -> None:
    """Two mistakes in the metadata are both named."""
    text = changed(hop_ms=0, thresholds={"quiet": 0.5})
    with pytest.raises(ModelError, match=r"quiet.*above 0"):
        spec_from_json(text, "here")
