"""Accuracy on clips: what counts as unknown, and which second of a long clip is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.evaluate import ClipFolder, ClipScorer, evaluate, labels_as_unknown
from edge_daemon.evaluate.loudest import loudest
from tests.tone_words import TONE_SPEC, WAKING_SPEC, clip, tone_model, write_clips


def test_a_wake_word_without_clips_counts_as_unknown() -> None:
    """To data that has none of it, a wake word is a word like any other."""
    assert labels_as_unknown(WAKING_SPEC, ["high", "mid"]) == ("low",)
    assert labels_as_unknown(WAKING_SPEC, ["high", "low"]) == ()


def test_a_command_without_clips_stays_what_it_is() -> None:
    """A false accept of a command is wrong, whether the data has the command or not."""
    assert labels_as_unknown(TONE_SPEC, ["mid"]) == ()
    assert labels_as_unknown(TONE_SPEC, ["mid"], also=["low"]) == ("low",)


def test_labels_that_are_not_there() -> None:
    """Only labels of the model can count as unknown, and only where it has that."""
    with pytest.raises(EdgeDaemonError, match="no label 'middle'; it has low, high"):
        labels_as_unknown(TONE_SPEC, [], also=["middle"])
    without = replace(WAKING_SPEC, labels=("low", "high", "silence"))
    assert labels_as_unknown(without, ["high"]) == ()
    with pytest.raises(EdgeDaemonError, match="no label 'unknown'"):
        labels_as_unknown(without, ["high"], also=["low"])


def test_heard_as_unknown_is_counted_so(tmp_path: Path) -> None:
    """An unknown word heard as a wake word is right, a command heard as one is wrong."""
    model = tone_model(tmp_path / "tones.onnx")
    write_clips(tmp_path / "clips", {"low": 3, "high": 2})
    (tmp_path / "clips" / "low").rename(tmp_path / "clips" / "banana")
    folder = ClipFolder(tmp_path / "clips")
    plain = evaluate(model, folder)
    assert plain.accuracy == 2 / 5
    counted = evaluate(model, folder, ("low",))
    assert counted.accuracy == 1.0
    assert counted.per_class()["unknown"] == {"recall": 1.0, "precision": 1.0, "clips": 3}
    everything = evaluate(model, folder, ("low", "high"))
    assert everything.as_json()["as_unknown"] == ["low", "high"]
    assert everything.per_class()["unknown"]["clips"] == 5


def test_of_a_long_clip_the_word_is_scored(tmp_path: Path) -> None:
    """Wherever in a long recording the word is, it is in the window that is scored."""
    model = tone_model(tmp_path / "tones.onnx")
    alone = ClipScorer(model).scores(clip("high"))
    for before_s in (0, 1, 2):
        long = np.pad(clip("high"), (before_s * 16000, (2 - before_s) * 16000))
        scores = ClipScorer(model).scores(long)
        assert scores.argmax() == alone.argmax() == TONE_SPEC.labels.index("high")


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=60), st.integers(1, 20))
def test_loudest_is_loudest(values: list[int], n: int) -> None:
    """No other stretch of that length has more energy."""
    samples = np.array(values, np.int16)
    found = loudest(samples, n)
    assert len(found) == min(n, len(samples))
    stretches = [samples[i : i + n] for i in range(max(1, len(samples) - n + 1))]
    assert int(np.sum(found**2)) == max(int(np.sum(s**2)) for s in stretches)


def test_unreadable_clips_are_named(tmp_path: Path) -> None:
    """What cannot be read is left out and said."""
    folder = write_clips(tmp_path / "clips", {"low": 1})
    (folder / "low" / "bad.wav").write_text("text")
    soundfile.write(folder / "low" / "none.wav", np.zeros(0, np.int16), 16000)
    result = evaluate(tone_model(tmp_path / "tones.onnx"), ClipFolder(folder))
    assert result.n_clips == 2
    assert len(result.unreadable) == 1
    assert "bad.wav: not an audio" in result.unreadable[0]
