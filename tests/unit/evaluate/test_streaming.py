"""The whole measure in running audio, on words that a tiny model knows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_daemon.config import Config, parse_config
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate.clips import ClipFolder
from edge_daemon.evaluate.listening import Listener
from edge_daemon.evaluate.material import Material
from edge_daemon.evaluate.streaming import StreamEvaluation, StreamMeasure
from edge_daemon.types import ModelSpec
from tests.tone_words import (
    TONE_SPEC,
    WAKING_SPEC,
    tone_model,
    write_clips,
    write_recording,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with clips, noise, and talk in which `high` is said three times in a minute."""
    write_clips(tmp_path / "words", {"low": 4, "high": 6, "mid": 3})
    write_recording(tmp_path / "noise" / "fan.wav", level=500)
    write_recording(tmp_path / "talk" / "1.wav", ["high", "mid", "high", "high"], seconds=60)
    return tmp_path


def measured(
    folder: Path,
    config: Config,
    spec: ModelSpec = TONE_SPEC,
    snrs_db: tuple[float | None, ...] = (None,),
) -> StreamEvaluation:
    """Measure with a configuration."""
    model = tone_model(folder / "tones.onnx", spec)
    material = Material(
        [ClipFolder(folder / "words")], [folder / "talk"], folder / "noise", spec, 1
    )
    listener = Listener(model, config)
    return StreamMeasure(listener, material, lambda s: s.passages).run(snrs_db, 1)


ALONE = parse_config({"decision": {"wake_words": []}})


def test_words_alone(folder: Path) -> None:
    """Every word is heard, in and out of noise, soon after its end; what is none is not."""
    result = measured(folder, ALONE, snrs_db=(None, 45.0))
    assert [c.name for c in result.conditions] == ["clean", "45 dB"]
    for condition in result.conditions:
        assert {w: (t.hits, t.said) for w, t in condition.words.items()} == {
            "low": (4, 4), "high": (6, 6),
        }  # fmt: skip
        assert condition.wrong.total() == 0
        assert not condition.wake_words
        assert all(-300 <= x <= 300 for x in condition.words.all.delays_ms)


def test_false_accepts(folder: Path) -> None:
    """A word in the negatives is a false accept, by its hours; other streams have none."""
    found = {n.name: n for n in measured(folder, ALONE).negatives}
    assert set(found) == {"other words", "talk", "noise"}
    assert found["talk"].words == {"high": 3}
    assert found["talk"].hours == pytest.approx(60 / 3600)
    talk = found["talk"].as_json()["words"]
    assert talk["per_hour"] == pytest.approx(180)
    assert talk["per_hour_at_most"] == pytest.approx(7.7537 * 60, rel=1e-3)
    assert found["other words"].words.total() == found["noise"].words.total() == 0


def test_words_after_wake_words(folder: Path) -> None:
    """Where words need a wake word they are laid out after one, and not heard without."""
    result = measured(folder, Config(), WAKING_SPEC)
    assert result.modes.after == {"high": ("low",)}
    [clean] = result.conditions
    assert {w: (t.hits, t.said) for w, t in clean.words.items()} == {"high": (6, 6)}
    assert (clean.wake_words["low"].hits, clean.wake_words["low"].said) == (4, 4)
    assert (clean.wake_words_before["low"].hits, clean.wake_words_before["low"].said) == (6, 6)
    assert all(n.words.total() == 0 for n in result.negatives)


def test_pauses_are_waited_for(folder: Path) -> None:
    """With isolation the same words are heard, later by the pause."""
    isolated = parse_config({"decision": {"wake_words": [], "isolate_ms": 300}})
    plain, waited = (measured(folder, c).conditions[0].words.all for c in (ALONE, isolated))
    assert waited.hits == plain.hits == 10
    delays = [t.delay_ms() for t in (plain, waited)]
    assert delays[0] is not None
    assert delays[1] is not None
    assert delays[1]["p50"] >= max(300, delays[0]["p50"] + 100)


def test_curves(folder: Path) -> None:
    """There is a curve for all words at each ratio, and one a word, each from none to most."""
    result = measured(folder, ALONE, snrs_db=(None, 5.0))
    names = [(c.name, c.mode, c.noise) for c in result.det]
    assert names == [
        ("all words", "alone", "clean"), ("high", "alone", "clean"), ("low", "alone", "clean"),
        ("all words", "alone", "5 dB"),
    ]  # fmt: skip
    for curve in result.det:
        thresholds = [p.threshold for p in curve.points]
        assert thresholds == sorted(thresholds, reverse=True)
    high = result.det[1]
    assert high.marked is not None
    assert (high.marked.threshold, high.marked.false_accepts) == (0.7, 3)
    assert high.points[0].hits == 0


def test_the_point_in_force_is_what_was_measured(folder: Path) -> None:
    """Sweep and pipeline count the same at the threshold in force."""
    result = measured(folder, ALONE)
    clean = result.conditions[0].words
    marked = {c.name: c.marked for c in result.det if c.marked}
    assert {w: m.hits for w, m in marked.items()} == {w: t.hits for w, t in clean.items()}
    accepted = sum((n.words for n in result.negatives), start=result.negatives[0].words.copy())
    accepted.subtract(result.negatives[0].words)
    assert {w: m.false_accepts for w, m in marked.items()} == {
        w: accepted[w] for w in ("high", "low")
    }


def test_json_is_json(folder: Path) -> None:
    """Everything can be written and read again, and names what it was made with."""
    record = json.loads(json.dumps(measured(folder, Config(), WAKING_SPEC).as_json()))
    assert record["model"] == "tones 1"
    assert record["decision"]["within_ms"] == 3000
    assert record["modes"]["wake_words"] == ["low"]
    assert record["conditions"][0]["words"]["all"]["recall"] == 1.0
    assert record["conditions"][0]["words"]["all"]["recall_at_least"] == pytest.approx(
        0.607, abs=0.001
    )
    assert set(record["conditions"][0]["words"]["each"]["high"]["delay_ms"]) == {
        "p50",
        "p95",
        "max",
    }


def test_a_wake_word_without_clips(folder: Path) -> None:
    """Words that need a wake word cannot be measured without clips of it; what to do is said."""
    for clip in (folder / "words" / "low").iterdir():
        clip.unlink()
    with pytest.raises(EdgeDaemonError, match=r"'high' needs 'low' before it.*wake_words: \[\]"):
        measured(folder, Config(), WAKING_SPEC)


def test_no_word_of_the_model(folder: Path) -> None:
    """Clips of other words alone are nothing to measure."""
    for word in ("low", "high"):
        (folder / "words" / word).rename(folder / "words" / f"not {word}")
    with pytest.raises(EdgeDaemonError, match="no clips of a word that the model has: low, high"):
        measured(folder, Config())
