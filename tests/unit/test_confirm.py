"""The larger model that is asked, on tiny models that tell low sounds from high ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon import Detection, Pipeline
from edge_daemon.check import check
from edge_daemon.config import ModelConfig, RuntimeConfig, parse_config
from edge_daemon.confirm import Confirmer
from edge_daemon.errors import ConfigError, ModelError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model import load_model
from edge_daemon.model.providers.settings import Settings
from edge_daemon.types import FrontendSpec, Samples
from tests.sounds import RATE_HZ, said, sound
from tests.tiny_models import LARGER_SPEC, PITCH_SPEC, STREAM_SPEC, always, pitch, write_model

LISTENING = replace(PITCH_SPEC, wake_words=("low",), thresholds_after={"high": 0.6})


AUDIO = said(
    (1.0, "high"), (2.5, "low"), (3.2, "high"), (4.5, "low"), (6.0, "high"), (7.5, "high"),
    total_s=9.0,
)  # fmt: skip
HEARD = [("low", None), ("high", "low"), ("low", None), ("high", "low")]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: small.onnx listens, the others may be asked."""
    folder = tmp_path_factory.mktemp("models")
    eight = replace(LARGER_SPEC, frontend=FrontendSpec(8000, 200, 80, n_mels=16, n_mfcc=0))
    write_model(folder / "small.onnx", LISTENING, weights=pitch(LISTENING))
    write_model(folder / "larger.onnx", LARGER_SPEC, weights=pitch(LARGER_SPEC))
    write_model(folder / "only low.onnx", LARGER_SPEC, weights=always(LARGER_SPEC, "low"))
    write_model(folder / "deaf.onnx", LARGER_SPEC, weights=always(LARGER_SPEC, "unknown"))
    write_model(folder / "stream.onnx", STREAM_SPEC)
    write_model(folder / "8 kHz.onnx", eight, weights=always(eight, "low"))
    named_otherwise = replace(LARGER_SPEC, labels=("bass", "treble", "unknown"), thresholds={})
    write_model(folder / "stranger.onnx", named_otherwise, weights=always(named_otherwise, "bass"))
    knows_one = replace(named_otherwise, labels=("low", "treble", "unknown"))
    write_model(folder / "knows one.onnx", knows_one, weights=always(knows_one, "treble"))
    (folder / "damaged.onnx").write_text("not a model")
    return folder


def pipeline(models: Path, confirm: str | None = None, timer: Any = None, **keys: Any) -> Pipeline:
    """Return a pipeline on small.onnx that asks another model."""
    section = {"model": confirm and str(models / confirm), **keys.pop("confirm_keys", {})}
    raw = {"model": {"path": str(models / "small.onnx")}, "decision": {"confirm": section, **keys}}
    config = parse_config(raw)
    return Pipeline(config, load_model(config.model, config.runtime), timer)


def heard(found: list[Detection]) -> list[tuple[str, str | None]]:
    """Return labels and the wake words before them."""
    return [(d.label, d.after) for d in found]


def test_a_word_fires_only_after_the_models_wake_word(models: Path) -> None:
    """In real audio, too, a command alone or a second one is not heard."""
    assert heard(pipeline(models).process(AUDIO)) == HEARD


def test_the_same_opinion_changes_no_word(models: Path) -> None:
    """A larger model with another front end, window and order of labels hears the same words."""
    asked = pipeline(models, "larger.onnx")
    assert heard(asked.process(AUDIO)) == HEARD
    assert asked.confirmer is not None
    assert asked.confirmer.confirmed == len(HEARD)


def test_what_the_larger_model_does_not_hear_is_dropped(models: Path) -> None:
    """One that hears nothing leaves nothing, one that hears low sounds only leaves those."""
    deaf = pipeline(models, "deaf.onnx")
    assert deaf.process(AUDIO) == []
    assert deaf.confirmer is not None
    assert deaf.confirmer.confirmed == 0
    assert deaf.confirmer.rejected >= 2
    assert heard(pipeline(models, "only low.onnx").process(AUDIO)) == [("low", None)] * 2


def test_the_threshold_is_for_the_larger_models_score(models: Path) -> None:
    """What has a score of nothing passes the lowest threshold only, as if nobody was asked."""
    lowest = pipeline(models, "deaf.onnx", confirm_keys={"threshold": 1e-12})
    assert lowest.process(AUDIO) == pipeline(models).process(AUDIO)


def test_a_word_that_the_larger_model_lacks_is_let_through(models: Path) -> None:
    """It says no to low sounds, and is not asked about high ones."""
    alone = pipeline(models, "knows one.onnx", wake_words=[])
    assert {d.label for d in alone.process(AUDIO)} == {"high"}
    assert alone.confirmer is not None
    assert alone.confirmer.knows("low")
    assert not alone.confirmer.knows("high")


class Laps:
    """Counts the stages."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self) -> None:
        """Take no notice."""

    def lap(self, stage: str) -> None:
        """Take it down."""
        self.names.append(stage)

    @contextmanager
    def inset(self, stage: str) -> Iterator[None]:
        """Take it down."""
        self.names.append(stage)
        yield


def test_the_larger_model_sleeps_until_a_word_is_heard(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a hit it scores nothing, and its front end computes nothing."""
    laps = Laps()
    asked = pipeline(models, "larger.onnx", laps)
    assert asked.confirmer is not None
    used: list[int] = []
    push = MfccFrontend.push

    def noted(frontend: MfccFrontend, samples: Samples) -> Any:
        if frontend.spec == LARGER_SPEC.frontend:
            used.append(len(samples))
        return push(frontend, samples)

    monkeypatch.setattr(MfccFrontend, "push", noted)
    asked.process(said((1.0, "high"), total_s=3.0))  # without its wake word it is no hit
    assert (used, laps.names.count("confirm")) == ([], 0)
    asked.process(said((1.0, "low"), total_s=2.0))
    assert used == [400 + 29 * 160]
    assert laps.names.count("confirm") == 1
    assert laps.names.count("decision") == laps.names.count("model") == 50


def test_the_window_ends_with_the_newest_hop(models: Path) -> None:
    """It is asked about exactly its window of audio, preceded by silence at the start."""
    config = ModelConfig(path=str(models / "larger.onnx"))
    confirmer = Confirmer(load_model(config, RuntimeConfig()), 0.5)
    tone = sound("low", 400 + 29 * 160)
    for part in np.array_split(np.concatenate([sound("high", 9000), tone]), 11):
        confirmer.push(part)
    assert confirmer.confirms("low")
    assert not confirmer.confirms("high")
    confirmer.push(np.tile(tone, 3)[: 3 * len(tone)])  # more than a window at a time
    assert confirmer.confirms("low")
    confirmer.reset()
    assert not confirmer.confirms("low")
    assert (confirmer.confirmed, confirmer.rejected) == (2, 2)


@given(cuts=st.lists(st.integers(0, len(AUDIO)), max_size=30))
@settings(max_examples=20, deadline=None)
@pytest.mark.parametrize("confirm", [None, "larger.onnx", "only low.onnx"])
def test_detections_do_not_depend_on_the_blocks(
    models: Path, confirm: str | None, cuts: list[int]
) -> None:
    """With wake words and confirmation any cut of the audio gives exactly the same detections."""
    subject = pipeline(models, confirm)
    whole = subject.process(AUDIO)
    subject.reset()
    found = [d for block in np.split(AUDIO, sorted(cuts)) for d in subject.process(block)]
    assert whole
    assert found == whole


def test_a_reset_forgets_the_audio_and_keeps_the_counts(models: Path) -> None:
    """A new stream is confirmed by its own audio alone."""
    subject = pipeline(models, "larger.onnx")
    first = subject.process(AUDIO[: 3 * RATE_HZ])
    subject.reset()
    assert subject.process(AUDIO[: 3 * RATE_HZ]) == first
    assert subject.confirmer is not None
    assert subject.confirmer.confirmed == 2 * len(first)


WRONG = {
    "stream.onnx": "tiny is of kind stream; a whole clip is scored, which takes kind window",
    "8 kHz.onnx": "larger takes 8000 Hz, but pitch listens at 16000 Hz",
    "stranger.onnx": "larger has none of the words of pitch; it has bass, treble",
    "damaged.onnx": "damaged.onnx: not a model (",
    "nowhere.onnx": "nowhere.onnx: no such model file",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_model_that_cannot_confirm_is_refused(models: Path, name: str, tmp_path: Path) -> None:
    """The pipeline does not start with it, and the check says why."""
    with pytest.raises((ConfigError, ModelError)) as caught:
        pipeline(models, name)
    assert "decision.confirm.model: " in str(caught.value)
    assert WRONG[name] in str(caught.value)
    path = tmp_path / "config.yaml"
    path.write_text(
        f"audio: {{source: 'pcm:-'}}\nmodel: {{path: '{models}/small.onnx'}}\n"
        f"decision: {{confirm: '{models}/{name}'}}\n"
    )
    problems = [p for p in check(path) if WRONG[name] in p.text]
    assert [p.is_config for p in problems] == [True]
    assert problems[0].text.startswith("decision.confirm.model: ")


def test_check_looks_at_both_models(models: Path, tmp_path: Path) -> None:
    """A listening model that is missing does not hide a larger one that is damaged."""
    path = tmp_path / "config.yaml"
    text = "audio: {source: 'pcm:-'}\nmodel: {path: none.onnx}\ndecision: {confirm: 'FOLDER/NAME'}"
    path.write_text(text.replace("FOLDER", str(models)).replace("NAME", "damaged.onnx"))
    assert [p.text.partition(":")[0] for p in check(path)] == ["model", "decision.confirm.model"]
    path.write_text(text.replace("FOLDER", str(models)).replace("NAME", "larger.onnx"))
    assert [p.text.partition(":")[0] for p in check(path)] == ["model"]


def test_check_of_models_that_agree_in_part(models: Path, tmp_path: Path) -> None:
    """A word that the larger model lacks is no problem as long as it shares another."""
    path = tmp_path / "config.yaml"
    for name in ("larger.onnx", "knows one.onnx"):
        path.write_text(
            f"audio: {{source: 'pcm:-'}}\nmodel: {{path: '{models}/small.onnx'}}\n"
            f"decision: {{confirm: {{model: '{models}/{name}', threshold: 0.9}}}}\n"
        )
        assert check(path) == []


def test_check_finds_what_the_wake_words_contradict(models: Path, tmp_path: Path) -> None:
    """The check and the pipeline say the same of a setting without effect."""
    path = tmp_path / "config.yaml"
    path.write_text(
        f"audio: {{source: 'pcm:-'}}\nmodel: {{path: '{models}/small.onnx'}}\n"
        "decision: {words: {high: {isolate_ms: 300}}}\n"
    )
    (problem,) = check(path)
    assert problem.text.startswith("decision.words.high.isolate_ms: ")
    with pytest.raises(ConfigError, match="'high' fires only after low"):
        pipeline(models, words={"high": {"isolate_ms": 300}})


def test_threads_are_for_both_models(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime section is used for the larger model, too."""
    from edge_daemon.model import session
    from edge_daemon.model.providers import ladder

    threads: list[int] = []
    open_session = session.open_session

    def noted(path: Path, settings: Settings) -> Any:
        threads.append(settings.threads)
        return open_session(path, settings)

    monkeypatch.setattr(ladder, "open_session", noted)
    config = parse_config(
        {
            "model": {"path": str(models / "small.onnx")},
            "runtime": {"threads": 2},
            "decision": {"confirm": str(models / "larger.onnx")},
        }
    )
    Pipeline.load(config=config)
    assert threads == [2, 2]
