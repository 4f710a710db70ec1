"""The pipeline on a tiny model that hears loudness."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon import Pipeline
from edge_daemon.config import Config, DecisionConfig, ModelConfig, WordConfig
from edge_daemon.errors import ConfigError, ModelError
from edge_daemon.types import Detection, ModelSpec, Samples
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model


@pytest.fixture(scope="session", params=[WINDOW_SPEC, STREAM_SPEC], ids=["window", "stream"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model of either kind."""
    spec: ModelSpec = request.param
    return write_model(tmp_path_factory.mktemp("models") / f"{spec.kind}.onnx", spec)


def bursts(*at_s: float, length_s: float, total_s: float) -> Samples:
    """Return silence with bursts of noise that start at the times given."""
    rng = np.random.default_rng(3)
    audio = np.zeros(int(total_s * 16000), np.int16)
    for start_s in at_s:
        start = int(start_s * 16000)
        n = int(length_s * 16000)
        audio[start : start + n] = rng.integers(-20000, 20000, n, dtype=np.int16)
    return audio


AUDIO = bursts(1.0, 3.5, length_s=0.5, total_s=6.0)


def test_hears_each_burst_once(model: Path) -> None:
    """Each burst is one detection, at a time inside or just after it."""
    found = Pipeline.load(str(model)).process(AUDIO)
    assert [d.label for d in found] == ["loud", "loud"]
    assert 1.0 < found[0].time_s < 1.7
    assert 3.5 < found[1].time_s < 4.2
    assert all(0.7 <= d.score <= 1 for d in found)


def test_window_and_stream_agree(tmp_path: Path) -> None:
    """The same network gives the same detections as a window and with explicit state."""
    heard = [
        Pipeline.load(str(write_model(tmp_path / f"{s.kind}.onnx", s))).process(AUDIO)
        for s in (WINDOW_SPEC, STREAM_SPEC)
    ]
    assert heard[0]
    assert heard[0] == heard[1]


@given(cuts=st.lists(st.integers(0, len(AUDIO)), max_size=30))
@settings(max_examples=25, deadline=None)
def test_detections_do_not_depend_on_the_blocks(model: Path, cuts: list[int]) -> None:
    """Any cut of the audio into blocks gives exactly the same detections."""
    pipeline = Pipeline.load(str(model))
    whole = pipeline.process(AUDIO)
    pipeline.reset()
    found: list[Detection] = []
    for block in np.split(AUDIO, sorted(cuts)):
        found += pipeline.process(block)
    assert found == whole


def test_reset_starts_a_new_stream(model: Path) -> None:
    """After a reset the same audio gives the same detections at the same times."""
    pipeline = Pipeline.load(str(model))
    first = pipeline.process(AUDIO)
    pipeline.reset()
    assert pipeline.process(AUDIO) == first


def test_flush_hears_a_word_at_the_very_end(model: Path) -> None:
    """A word that ends with the recording is heard in the silence after it."""
    pipeline = Pipeline.load(str(model))
    ends_loud = bursts(0.75, length_s=0.25, total_s=1.0)
    heard = pipeline.process(ends_loud) + pipeline.flush()
    assert [d.label for d in heard] == ["loud"]


@pytest.mark.parametrize("isolate_ms", [300, 1000, 2000])
def test_flush_waits_for_the_pause_after_the_last_word(model: Path, isolate_ms: int) -> None:
    """The silence that ends a stream is long enough for the longest isolation."""
    config = Config(
        model=ModelConfig(path=str(model)), decision=DecisionConfig(isolate_ms=isolate_ms)
    )
    pipeline = Pipeline.load(config=config)
    ends_loud = bursts(2.6, length_s=0.4, total_s=3.0)
    heard = pipeline.process(ends_loud) + pipeline.flush()
    assert [d.label for d in heard] == ["loud"]


@pytest.mark.parametrize(
    "block", [np.zeros(10, np.float32), np.zeros((10, 1), np.int16), [0, 1], b"12"]
)
def test_other_blocks_are_refused(model: Path, block: object) -> None:
    """Anything but a one-dimensional int16 array is a TypeError that says what came."""
    with pytest.raises(TypeError, match="int16 samples of shape"):
        Pipeline.load(str(model)).process(block)  # type: ignore[arg-type]


def test_unknown_words_are_refused(model: Path) -> None:
    """A configuration that names words which the model lacks does not start."""
    config = Config(decision=DecisionConfig(words={"lout": WordConfig()}))
    with pytest.raises(ConfigError, match=r"decision\.words\.lout: .*did you mean 'loud'"):
        Pipeline.load(str(model), config)


@pytest.mark.parametrize(
    ("hop_ms", "kind", "reason"),
    [(15, "window", "no multiple"), (300, "window", "longer"), (50, "stream", "100 ms only")],
)
def test_hops_that_do_not_fit_are_refused(
    tmp_path: Path, hop_ms: int, kind: str, reason: str
) -> None:
    """The hop is a multiple of a frame, not longer than the window, and a stream's own."""
    spec = WINDOW_SPEC if kind == "window" else STREAM_SPEC
    path = write_model(tmp_path / "m.onnx", spec)
    with pytest.raises(ModelError, match=reason):
        Pipeline.load(config=Config(model=ModelConfig(path=str(path), hop_ms=hop_ms)))


def test_a_shorter_hop_hears_earlier(tmp_path: Path) -> None:
    """The hop of a windowed model can be set."""
    path = write_model(tmp_path / "m.onnx", replace(WINDOW_SPEC, smooth_ms=0))
    times = [
        Pipeline.load(config=Config(model=ModelConfig(path=str(path), hop_ms=hop_ms)))
        .process(AUDIO)[0]
        .time_s
        for hop_ms in (20, 200)
    ]
    assert times[0] < times[1]
