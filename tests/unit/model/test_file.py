"""Model files that are served, and those that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.frontend import mel_filters
from edge_daemon.model import load_model
from edge_daemon.model.file import spec_from_json, spec_to_json
from edge_daemon.types import FrontendSpec
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model


def load(path: Path) -> Any:
    """Open a model as the daemon does."""
    return load_model(ModelConfig(path=str(path)), RuntimeConfig())


def changed(**changes: Any) -> str:
    """Return the metadata of the tiny model with some keys changed; None takes one out."""
    raw = json.loads(spec_to_json(WINDOW_SPEC)) | changes
    return json.dumps({k: v for k, v in raw.items() if v is not None})


def front(**changes: Any) -> str:
    """Return the metadata of the tiny model with some parameters of the front end changed."""
    return changed(frontend={"n_mels": 10, "n_mfcc": 10, **changes})


WAKE_SPEC = replace(WINDOW_SPEC, wake_words=("loud",), thresholds_after={"loud": 0.4})


@pytest.mark.parametrize("spec", [WINDOW_SPEC, STREAM_SPEC, WAKE_SPEC])
def test_metadata_survives_the_round_trip(spec: Any, tmp_path: Path) -> None:
    """What is written into a model is what is read from it."""
    assert load(write_model(tmp_path / "m.onnx", spec)).spec == spec


def test_metadata_without_wake_words_is_served(tmp_path: Path) -> None:
    """Models from before there were wake words have none."""
    path = write_model(
        tmp_path / "m.onnx", metadata=changed(wake_words=None, thresholds_after=None)
    )
    assert load(path).spec == WINDOW_SPEC


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
        (changed(n_frames=0), "n_frames: 0, outside 1 to 10000"),
        (changed(n_frames=10001), "n_frames: 10001, outside"),
        (changed(hop_ms=5), "hop_ms: 5, outside 10 to 1000"),
        (changed(smooth_ms=-1), "smooth_ms: -1, outside 0 to 2000"),
        (changed(labels=["loud", "", "silence"]), "cannot be the names of words"),
        (changed(labels=["lo\nud", "silence"]), "cannot be the names of words"),
        (changed(labels=["*", "silence"]), "cannot be the names of words"),
        (changed(labels=["unknown", "silence"], thresholds={}), "one of them a word"),
        ('{"x":' + "[" * 100000, "bad metadata"),
        ('{"x": "' + "y" * 300_000, "300007 characters; at most"),
        (changed(labels=["x" * 101, "silence"]), "cannot be the names of words"),
        (changed(labels=[f"w{i}" for i in range(1001)]), "labels: 1001, more than 1000"),
        (changed(name="lo\nud"), "name: more than 100 characters, or some that are not text"),
        (changed(licence="\x1b[2J"), "licence: more than 1000 characters, or"),
        (changed(kind="\x1b[2J\n"), r"bad metadata: Invalid enum value '\\x1b\[2J\\n'"),
        (changed(thresholds={"loud": float("nan")}), "bad metadata"),
        (changed(smooth_ms=1e999), "bad metadata"),
        (changed(thresholds={"quiet": 0.5}), "no such label: quiet"),
        (changed(thresholds={"loud": 7}), "outside 0 to 1"),
        (changed(wake_words=["quiet"]), "wake_words: no such word: quiet"),
        (changed(wake_words=["silence"]), "wake_words: no such word: silence"),
        (changed(wake_words="loud"), "wake_words"),
        (changed(thresholds_after={"quiet": 0.5}), "thresholds_after: no such label: quiet"),
        (changed(thresholds_after={"loud": 0}), "thresholds_after: outside 0 to 1"),
        (front(n_mfcc=50), "n_mfcc"),
        (front(std=[0.0] * 10), "std: 0.0, outside 1e-06 to 1e"),
        (front(std=[1e-40] * 10), "std: 1e-40, outside"),
        (front(mean=[1e300] * 10), "mean: 1e"),
        (front(mean=[0.0]), "10 values each"),
        (front(win_length=999), "longer than n_fft"),
        (front(win_length=0), "win_length: 0, outside"),
        (front(n_fft=511), "n_fft: must be even"),
        (front(n_fft=32768), "n_fft: 32768, outside"),
        (front(n_mels=513), "n_mels: 513, outside"),
        (front(sample_rate_hz=0), "sample_rate_hz: 0, outside"),
        (front(f_max_hz=9000), "half the sample rate"),
        (front(f_min_hz=-1), "f_min_hz"),
        (front(log_floor=0), "log_floor: 0.0, outside"),
        (front(log_floor=1e-42), "log_floor: 1e-42, outside"),
        (front(n_mels=128, f_max_hz=4000), "the lowest band"),
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


@pytest.mark.parametrize(
    "name",
    [
        "builtin:nothing",
        "builtin:../tiny",
        "missing.onnx",
        "/tmp",
        "x" * 5000,
        "builtin:" + "x" * 999,
    ],
)
def test_missing_models_are_named(name: str) -> None:
    """A model that is not there is refused with what there is."""
    with pytest.raises(ModelError, match="no such model"):
        load_model(ModelConfig(path=name), RuntimeConfig())


def test_all_problems_are_reported_at_once() -> None:
    """Two mistakes in the metadata are both named."""
    text = changed(hop_ms=0, thresholds={"quiet": 0.5})
    with pytest.raises(ModelError, match=r"hop_ms: 0.*quiet"):
        spec_from_json(text, "here")


BANDS = st.builds(
    FrontendSpec,
    sample_rate_hz=st.sampled_from([8000, 16000, 44100]),
    win_length=st.just(200),
    n_fft=st.sampled_from([200, 256, 400, 512, 1024]),
    n_mels=st.integers(1, 160),
    n_mfcc=st.just(0),
    f_min_hz=st.floats(0, 3000),
    f_max_hz=st.floats(100, 4000),
    mel_scale=st.sampled_from(["htk", "slaney"]),
)


@given(frontend=BANDS)
@settings(max_examples=200, deadline=None)
def test_no_mel_band_is_empty(frontend: FrontendSpec) -> None:
    """In a front end that is accepted every mel band has at least one bin of the FFT."""
    try:
        spec_from_json(spec_to_json(replace(WINDOW_SPEC, frontend=frontend)), "here")
    except ModelError:
        return
    assert mel_filters(frontend).any(axis=1).all()
