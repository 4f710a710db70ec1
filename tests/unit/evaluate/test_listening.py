"""Streams are heard as the daemon hears them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_daemon.config import Config, parse_config
from edge_daemon.errors import ConfigError
from edge_daemon.evaluate.listening import Listener
from edge_daemon.evaluate.passages import Layout, Passage
from edge_daemon.pipeline import Pipeline
from tests.tone_words import RATE_HZ, tone_model
from tests.unit.evaluate.test_passages import WAKES, WORDS


@pytest.fixture(scope="module")
def passages() -> list[Passage]:
    """Words alone, then sequences."""
    layout = Layout(RATE_HZ, 3)
    return [*layout.words([*WORDS, *WAKES]), *layout.sequences(WORDS, [WAKES] * len(WORDS))]


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"decision": {"wake_words": ["low"]}},
        {"decision": {"isolate_ms": 300}},
        {"model": {"hop_ms": 50}},
    ],
)
def test_hears_what_the_pipeline_hears(
    raw: object, passages: list[Passage], tmp_path: Path
) -> None:
    """Passage by passage gives the detections of the whole audio in one block."""
    config = parse_config(raw)
    model = tone_model(tmp_path / "tones.onnx")
    heard = Listener(model, config).listen(passages)
    pipeline = Pipeline(config, model)
    audio = np.concatenate([p.samples for p in passages])
    assert list(heard.detections) == pipeline.process(audio) + pipeline.flush()
    assert len(heard.detections) >= 6


def test_a_second_stream_knows_nothing_of_the_first(
    passages: list[Passage], tmp_path: Path
) -> None:
    """The same stream gives the same twice, scores and levels too."""
    listener = Listener(tone_model(tmp_path / "tones.onnx"), Config())
    first, second = listener.listen(passages), listener.listen(passages)
    assert first.detections == second.detections
    assert np.array_equal(first.scores, second.scores)
    assert np.array_equal(first.levels, second.levels)


def test_words_are_placed_in_the_stream(passages: list[Passage], tmp_path: Path) -> None:
    """Times are those of the whole stream, and so are the hours."""
    heard = Listener(tone_model(tmp_path / "tones.onnx"), Config()).listen(passages)
    total_s = sum(len(p.samples) for p in passages) / RATE_HZ
    assert heard.hours == pytest.approx(total_s / 3600)
    assert len(heard.said) == len(WORDS) + len(WAKES) + 2 * len(WORDS)
    starts_s = [said.start_s for said in heard.said]
    assert starts_s == sorted(starts_s)
    assert all(x.start_s < x.word_end_s <= x.end_s <= total_s for x in heard.said)
    hops = heard.scores.shape[0]
    assert heard.levels.shape[0] == hops
    assert total_s * 10 - 1 <= hops <= total_s * 10 + 30  # the flush is heard, too


def test_no_passages_are_no_hours(tmp_path: Path) -> None:
    """An empty stream is heard without a word."""
    heard = Listener(tone_model(tmp_path / "tones.onnx"), Config()).listen([])
    assert (heard.said, heard.detections, heard.hours) == ((), (), 0.0)


def test_a_configuration_for_another_model(tmp_path: Path) -> None:
    """Words that the model lacks are refused before anything is heard."""
    config = parse_config({"decision": {"words": {"stop": {"threshold": 0.9}}}})
    with pytest.raises(ConfigError, match="no word 'stop'"):
        Listener(tone_model(tmp_path / "tones.onnx"), config)
