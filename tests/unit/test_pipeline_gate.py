"""The pipeline with its gate hears what it hears without."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon import Pipeline
from edge_daemon.config import Config, ModelConfig, RuntimeConfig, parse_config
from edge_daemon.evaluate.listening import Listened, Listener
from edge_daemon.evaluate.passages import Passage, to_int16
from edge_daemon.model import load_model
from edge_daemon.types import Detection, Samples
from tests.sounds import RATE_HZ, sound
from tests.tiny_models import LARGER_SPEC, PITCH_SPEC, STREAM_SPEC, pitch, write_model

TOTAL_S = 20.0
WAKING_SPEC = replace(PITCH_SPEC, wake_words=("low",), smooth_ms=300)
CONFIGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "alone": {"decision": {"wake_words": []}},
    "isolated": {"decision": {"wake_words": [], "isolate_ms": 300}},
    "hops shorter than a frame": {"model": {"hop_ms": 10}},
    "hops longer than half a window": {"model": {"hop_ms": 150}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models that hear a wake word and a word: one listens, one may be asked, one streams."""
    path = tmp_path_factory.mktemp("models")
    write_model(path / "small.onnx", WAKING_SPEC, weights=pitch(WAKING_SPEC))
    write_model(path / "larger.onnx", LARGER_SPEC, weights=pitch(LARGER_SPEC))
    write_model(path / "stream.onnx", STREAM_SPEC)
    return path


def config_of(folder: Path, gate: bool, **sections: Any) -> Config:
    """Return a configuration for small.onnx."""
    model = {"path": str(folder / "small.onnx"), **sections.pop("model", {})}
    return parse_config({"model": model, "activity": {"gate": gate}, **sections})


def pipeline(folder: Path, gate: bool = True, **sections: Any) -> Pipeline:
    """Return a pipeline with the gate or without."""
    return Pipeline.load(config=config_of(folder, gate, **sections))


def in_a_room(*words: tuple[int, str], total_s: float = TOTAL_S, n: int = 6400) -> Samples:
    """Return a quiet room in which each of (first sample, word) is said."""
    rng = np.random.default_rng(8)
    audio = rng.normal(scale=8.0, size=round(total_s * RATE_HZ))
    for start, word in words:
        audio[start : start + n] += sound(word, n)
    return to_int16(audio.astype(np.float32))


def listened(folder: Path, gate: bool, audio: Samples, **sections: Any) -> Listened:
    """Return scores, levels and detections."""
    config = config_of(folder, gate, **sections)
    model = load_model(config.model, config.runtime)
    return Listener(model, config).listen([Passage(audio)])


WORDS = st.lists(
    st.tuples(st.integers(0, int((TOTAL_S - 2) * RATE_HZ)), st.sampled_from(["low", "high"])),
    max_size=6,
)


@pytest.mark.parametrize("name", CONFIGS)
@given(words=WORDS)
@settings(max_examples=4, deadline=None)
def test_detections_are_the_same(folder: Path, name: str, words: list[tuple[int, str]]) -> None:
    """Wherever words begin, each is heard as without the gate: same time, same score."""
    audio = in_a_room(*words)
    found = [
        p.process(audio) + p.flush()
        for p in (pipeline(folder, gate, **CONFIGS[name]) for gate in (True, False))
    ]
    assert found[0] == found[1]


@given(words=WORDS)
@settings(max_examples=8, deadline=None)
def test_what_is_scored_is_bit_equal(folder: Path, words: list[tuple[int, str]]) -> None:
    """Every hop is either left out, or has exactly the scores and levels it has without."""
    audio = in_a_room(*words)
    gated, whole = (listened(folder, gate, audio) for gate in (True, False))
    assert gated.scores.shape == whole.scores.shape
    left_out = (gated.scores == [0, 0, 0, 1]).all(axis=1)
    assert np.array_equal(gated.scores[~left_out], whole.scores[~left_out])
    assert np.array_equal(gated.levels[~left_out], whole.levels[~left_out])
    assert left_out.mean() > 0.1


def test_isolation_finds_the_levels_of_the_past(folder: Path) -> None:
    """Where pauses matter, the levels of all seconds that they are judged by are made up for."""
    audio = in_a_room((17 * RATE_HZ, "low"))
    sections = CONFIGS["isolated"]
    gated, whole = (listened(folder, gate, audio, **sections) for gate in (True, False))
    assert np.array_equal(gated.levels[120:175], whole.levels[120:175])
    assert [d.label for d in gated.detections] == ["low"]


@given(cuts=st.lists(st.integers(0, int(TOTAL_S * RATE_HZ)), max_size=30))
@settings(max_examples=8, deadline=None)
def test_detections_do_not_depend_on_the_blocks(folder: Path, cuts: list[int]) -> None:
    """Any cut of the audio gives the same detections and leaves out the same hops."""
    audio = in_a_room((160000, "low"), (176100, "high"), (270000, "low"))
    whole, parts = pipeline(folder), pipeline(folder)
    expected = whole.process(audio)
    found: list[Detection] = []
    for block in np.split(audio, sorted(cuts)):
        found += parts.process(block)
    assert found == expected
    assert [(d.after, d.label) for d in found] == [(None, "low"), ("low", "high"), (None, "low")]
    assert parts.activity == whole.activity


def test_where_there_is_always_something_nothing_is_left_out(folder: Path) -> None:
    """Talk without end is worked on as if there were no gate."""
    audio = in_a_room(*((i * 8000, "low") for i in range(37)))
    gated, whole = (listened(folder, gate, audio) for gate in (True, False))
    assert np.array_equal(gated.scores[:185], whole.scores[:185])
    assert gated.detections == whole.detections


def test_a_word_after_ten_minutes_of_silence(folder: Path) -> None:
    """It is heard at once, and of the silence nearly nothing was worked on."""
    listening = pipeline(folder)
    room = in_a_room(total_s=60.0)
    for _ in range(10):
        assert listening.process(room) == []
    figures = listening.activity
    assert figures is not None
    assert figures.skipped_share > 0.98
    assert not figures.is_open
    found = listening.process(in_a_room((16000, "low"), total_s=3.0))
    assert [d.label for d in found] == ["low"]
    assert 601.0 < found[0].time_s < 601.9


@pytest.mark.parametrize("start", [1600 * 120 - 1, 1600 * 120, 1600 * 120 + 1, 1600 * 120 + 1599])
def test_a_word_at_the_border_of_a_hop(folder: Path, start: int) -> None:
    """A word that begins with a hop, or a sample beside it, keeps its onset."""
    audio = in_a_room((start, "low"))
    assert pipeline(folder).process(audio) == pipeline(folder, gate=False).process(audio) != []


def test_a_command_long_after_its_wake_word(folder: Path) -> None:
    """The gate does not close while a command may follow."""
    decision = {"within_ms": 8000}
    audio = in_a_room((11 * RATE_HZ, "low"), (17 * RATE_HZ, "high"))
    listening = pipeline(folder, decision=decision)
    found = listening.process(audio[: 16 * RATE_HZ])
    assert listening.activity
    assert listening.activity.is_open
    found += listening.process(audio[16 * RATE_HZ :])
    assert [(d.after, d.label) for d in found] == [(None, "low"), ("low", "high")]


def test_reset_while_it_is_closed(folder: Path) -> None:
    """A new stream remembers nothing of the one before."""
    audio = in_a_room((16000, "low"), (17 * RATE_HZ, "low"))
    listening = pipeline(folder)
    first = listening.process(audio)
    listening.process(in_a_room())
    listening.reset()
    assert listening.process(audio) == first
    assert len(first) == 2


def test_another_model_while_it_is_closed(folder: Path) -> None:
    """It takes over in the silence and hears the next word as the one before would."""
    audio = in_a_room((17 * RATE_HZ, "low"))
    expected = pipeline(folder).process(audio)
    listening = pipeline(folder)
    listening.process(audio[: 16 * RATE_HZ])
    assert listening.activity
    assert not listening.activity.is_open
    listening.switch_model(
        load_model(ModelConfig(path=str(folder / "small.onnx")), RuntimeConfig())
    )
    assert listening.process(audio[16 * RATE_HZ :]) == expected != []


@given(words=WORDS)
@settings(max_examples=6, deadline=None)
def test_the_larger_model_is_asked_about_the_same_audio(
    folder: Path, words: list[tuple[int, str]]
) -> None:
    """What is confirmed, and how often, is the same with the gate."""
    audio = in_a_room(*words)
    confirm = {"model": str(folder / "larger.onnx")}
    both = [pipeline(folder, gate, decision={"confirm": confirm}) for gate in (True, False)]
    found = [p.process(audio) for p in both]
    assert found[0] == found[1]
    answers = [(p.confirmer.confirmed, p.confirmer.rejected) for p in both if p.confirmer]
    assert answers[0] == answers[1]


def test_a_streaming_model_has_no_gate(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its states come from every hop; the log says once that nothing is skipped."""
    with caplog.at_level(logging.INFO, "edge_daemon.pipeline"):
        listening = Pipeline.load(str(folder / "stream.onnx"))
    assert listening.activity is None
    assert [r.getMessage() for r in caplog.records] == [
        "activity.gate: off, as tiny carries its state from hop to hop"
    ]


def test_it_can_be_turned_off(folder: Path) -> None:
    """Without a gate there are no figures of one."""
    assert pipeline(folder, gate=False).activity is None


def test_skipped_hops_take_the_stage_of_the_gate_only(folder: Path) -> None:
    """The other stages are not told of hops that they did not see."""
    from edge_daemon.telemetry import Telemetry

    timer = Telemetry().timer
    config = config_of(folder, gate=True)
    listening = Pipeline(config, load_model(config.model, config.runtime), timer)
    listening.process(in_a_room((15 * RATE_HZ, "low")))
    figures = listening.activity
    assert figures
    assert figures.openings == 1
    assert timer.stages["gate"].count == figures.hops == 200
    assert timer.stages["model"].count == figures.hops - figures.skipped
    assert list(timer.stages) == ["gate", "frontend", "model", "decision"]
