"""Thresholds of a whole model, the fragment that holds them, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_daemon.config import Config, parse_config, parse_yaml
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.clips import ClipFolder
from edge_daemon.evaluate.listening import Listener
from edge_daemon.evaluate.material import Material
from edge_daemon.evaluate.streaming import StreamMeasure
from edge_daemon.tune.fragment import fragment
from edge_daemon.tune.remarks import lost, warnings
from edge_daemon.tune.report import as_json
from edge_daemon.tune.targets import Settings, Targets
from edge_daemon.tune.thresholds import Tuned, find_thresholds
from edge_daemon.types import ModelSpec
from tests.tone_words import (
    TONE_SPEC,
    WAKING_SPEC,
    tone_model,
    write_clips,
    write_recording,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips, and two minutes of a room in which `high` is said twice."""
    path = tmp_path_factory.mktemp("tune")
    write_clips(path / "words", {"low": 4, "high": 5, "mid": 2})
    write_recording(path / "talk" / "1.wav", ["high", "mid", "high"], seconds=120)
    return path


def material(folder: Path, spec: ModelSpec) -> Material:
    """Return what to tune on."""
    return Material([ClipFolder(folder / "words")], [folder / "talk"], None, spec, 1)


def tuned(folder: Path, spec: ModelSpec, targets: Targets | None = None) -> Tuned:
    """Tune a model."""
    model = tone_model(folder / f"{spec.name}.onnx", spec)
    settings = Settings(targets or Targets())
    return find_thresholds(model, Config(), material(folder, spec), settings)


def test_every_word_in_every_mode(folder: Path) -> None:
    """A word has a threshold alone and one after a wake word, a wake word one of its own."""
    found = tuned(folder, WAKING_SPEC, Targets(alone=100, after=1000, wake=100))
    assert {w: set(c) for w, c in found.choices.items()} == {
        "high": {"alone", "after"}, "low": {"wake"},
    }  # fmt: skip
    assert set(found.thresholds) == {"high", "low"}
    assert set(found.thresholds_after) == {"high"}
    for by_mode in found.choices.values():
        for choice in by_mode.values():
            assert choice.trial is not None
            assert choice.trial.recall == 1.0
            assert choice.trial.per_hour <= choice.per_hour


def test_without_wake_words_every_word_has_both(folder: Path) -> None:
    """A model that has none may be used after any word all the same."""
    found = tuned(folder, TONE_SPEC, Targets(alone=100, after=100))
    assert set(found.thresholds) == set(found.thresholds_after) == {"high", "low"}


def test_a_word_that_is_lost(tmp_path: Path) -> None:
    """A word that the negatives have clearer than the clips has no threshold, which is said."""
    write_clips(tmp_path / "words", {"low": 4, "high": 5})
    write_recording(tmp_path / "talk" / "1.wav", ["high"] * 3, word_level=9000)
    found = tuned(tmp_path, WAKING_SPEC, Targets(alone=0, after=0, wake=0))
    assert set(found.thresholds) == {"low"}
    assert lost(found) == ["high alone", "high after a wake word"]
    assert sum("high, " in line and "no threshold" in line for line in warnings(found)) == 2
    text = fragment(found)
    config = parse_config(parse_yaml(text)).decision.words
    assert set(config) == {"low"}
    assert "left out" in text


def test_a_word_that_is_lost_in_one_mode(folder: Path) -> None:
    """What follows a wake word keeps that threshold without one for alone, and not the reverse."""
    found = tuned(folder, WAKING_SPEC, Targets(alone=100, after=1000, wake=100))
    both = found.choices["high"]
    after = both["after"].threshold
    found.choices["high"] = {**both, "alone": replace(both["alone"], trial=None)}
    words = parse_config(parse_yaml(fragment(found))).decision.words
    assert (words["high"].threshold, words["high"].threshold_after) == (None, after)
    found.choices["high"] = {**both, "after": replace(both["after"], trial=None)}
    assert "high" not in parse_config(parse_yaml(fragment(found))).decision.words


def test_the_fragment_loads(folder: Path) -> None:
    """The configuration's loader takes it, with the thresholds that were found."""
    found = tuned(folder, WAKING_SPEC, Targets(alone=100, after=1000, wake=100))
    words = parse_config(parse_yaml(fragment(found))).decision.words
    assert {w: s.threshold for w, s in words.items()} == found.thresholds
    assert words["high"].threshold_after == found.thresholds_after["high"]
    assert words["low"].threshold_after is None
    assert max(map(len, fragment(found).splitlines())) <= 100


def test_words_that_yaml_reads_otherwise(folder: Path) -> None:
    """Words such as "on" stay words for any reader of YAML."""
    found = tuned(folder, WAKING_SPEC, Targets(alone=100, after=1000, wake=100))
    found.choices = {"on": found.choices["high"], "o'clock: é #1": found.choices["low"]}
    text = fragment(found)
    assert set(parse_config(parse_yaml(text)).decision.words) == set(found.choices)
    assert '"on": {' in text


def test_nothing_found_is_a_fragment_too(folder: Path) -> None:
    """It loads, and changes nothing."""
    found = tuned(folder, WAKING_SPEC)
    found.choices = {}
    assert parse_config(parse_yaml(fragment(found))) == Config()


def test_the_fragment_does_what_it_says(folder: Path) -> None:
    """The pipeline with the fragment has the recall and the false accepts that were promised."""
    found = tuned(folder, TONE_SPEC, Targets(alone=31, after=1000))
    raw = parse_yaml(fragment(found))
    assert isinstance(raw, dict)
    raw["decision"] |= {"isolate_ms": 300, "wake_words": []}
    listener = Listener(tone_model(folder / "again.onnx", TONE_SPEC), parse_config(raw))
    measure = StreamMeasure(listener, material(folder, TONE_SPEC), lambda s: s.passages)
    result = measure.run((None,), 1)
    for word, by_mode in found.choices.items():
        trial = by_mode["alone"].trial
        assert trial is not None
        tally = result.conditions[0].words[word]
        assert (tally.hits, tally.said) == (trial.hits, trial.said)
        assert sum(n.words[word] for n in result.negatives) == trial.false_accepts


def test_little_is_called_little(folder: Path) -> None:
    """Too few clips and too few hours are said with what they leave possible."""
    lines = warnings(tuned(folder, WAKING_SPEC))
    assert any("fewer than 20 clips of high (5), low (4)" in line for line in lines)
    [alone] = [line for line in lines if "0.5 false accepts an hour alone" in line]
    assert "none was allowed" in alone
    assert "6 h are needed" in alone


def test_the_models_own_threshold_is_kept(folder: Path) -> None:
    """Two minutes of negatives do not lower it, and that is said."""
    spec = replace(WAKING_SPEC, name="own", thresholds={"low": 0.99}, thresholds_after={})
    found = tuned(folder, spec)
    low = found.choices["low"]["wake"].trial
    assert low is not None
    assert low.threshold >= 0.99


def test_json_has_what_the_metadata_needs(folder: Path) -> None:
    """Thresholds by label, as a model's metadata has them, and all that they rest on."""
    found = tuned(folder, WAKING_SPEC, Targets(alone=100, after=1000, wake=100))
    record = json.loads(json.dumps(as_json(found)))
    assert record["thresholds"] == found.thresholds
    assert record["thresholds_after"] == found.thresholds_after
    assert record["clips"] == {"high": 5, "low": 4}
    assert set(record["hours"]) == {"other words", "talk"}
    assert record["words"]["low"]["wake"]["per_hour_at_most"] > 0


def test_negatives_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    """Without any audio to count in there is no rate; which file is bad is said."""
    write_clips(tmp_path / "words", {"low": 1, "high": 1})
    (tmp_path / "talk").mkdir()
    (tmp_path / "talk" / "bad.wav").write_text("text")
    with pytest.raises(EdgeDaemonError, match=r"no audio in the negatives: .*bad\.wav"):
        tuned(tmp_path, WAKING_SPEC)
