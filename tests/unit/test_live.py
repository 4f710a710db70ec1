"""What is shown of the newest audio."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from edge_daemon import Pipeline
from edge_daemon.config import parse_config
from edge_daemon.events import Live
from edge_daemon.live import QUIETEST_DBFS, LiveView
from edge_daemon.types import Samples
from tests.sounds import said
from tests.tiny_models import PITCH_SPEC, pitch, write_model

RATE_HZ = 16000


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Hears low and high words."""
    path = write_model(tmp_path / "m.onnx", PITCH_SPEC, weights=pitch(PITCH_SPEC))
    return Pipeline.load(str(path), parse_config({}))


def looks(pipeline: Pipeline, audio: Samples, block: int = 1600) -> list[Live]:
    """Look at every block of the audio."""
    view = LiveView(pipeline.spec.frontend)
    found = []
    for start in range(0, len(audio), block):
        samples = audio[start : start + block]
        pipeline.process(samples)
        found.append(view.look(samples, pipeline, 0.002, picture=True))
    return found


@pytest.mark.parametrize("amplitude", [1, 100, 32767])
def test_the_level_is_that_of_a_square_wave(pipeline: Pipeline, amplitude: int) -> None:
    """Of a wave that is as loud as can be it is 0 dB."""
    wave = np.tile(np.array([amplitude, -amplitude], np.int16), 800)
    (live,) = looks(pipeline, wave)
    assert live.level_dbfs == pytest.approx(20 * np.log10(amplitude / 32768), abs=0.06)


def test_digital_silence_has_the_least_level(pipeline: Pipeline) -> None:
    """There is no minus infinity in JSON."""
    (live,) = looks(pipeline, np.zeros(1600, np.int16))
    assert (live.level_dbfs, live.floor_dbfs) == (QUIETEST_DBFS, QUIETEST_DBFS)
    assert not any(base64.b64decode(live.mel)[: live.n_mels])


def test_a_word_shows_in_the_scores_and_the_floor_stays(pipeline: Pipeline) -> None:
    """The score of what is said rises above its threshold; the room is as quiet as before."""
    audio = said((1.0, "low"), total_s=3.0)
    found = looks(pipeline, audio)
    assert max(live.scores["low"] for live in found) >= pipeline.thresholds["low"]
    assert max(live.level_dbfs for live in found) > found[-1].floor_dbfs + 20
    assert all(set(live.scores) == set(pipeline.spec.words) for live in found)


@pytest.mark.parametrize("block", [160, 441, 1600, 5000])
def test_the_picture_has_every_frame_once(pipeline: Pipeline, block: int) -> None:
    """Whatever the blocks, the rows together are those of the whole audio."""
    audio = said((0.5, "high"), total_s=1.5)
    rows = b"".join(base64.b64decode(live.mel) for live in looks(pipeline, audio, block))
    whole = b"".join(base64.b64decode(live.mel) for live in looks(pipeline, audio, len(audio)))
    assert rows == whole
    spec = pipeline.spec.frontend
    assert len(rows) == spec.n_mels * (1 + (len(audio) - spec.win_length) // spec.hop_length)


def test_while_the_gate_is_closed_all_scores_are_0(pipeline: Pipeline) -> None:
    """What is not worked on has no score, and the last one must not stay on the screen."""
    noise = np.random.default_rng(0).integers(-8, 8, 60 * RATE_HZ).astype(np.int16)
    live = looks(pipeline, noise)[-1]
    assert not live.is_open
    assert set(live.scores.values()) == {0.0}


def test_a_tone_is_as_bright_as_it_is_loud(pipeline: Pipeline) -> None:
    """Of full scale it would be 0 dB; half as loud it is 6 dB darker."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE_HZ) / RATE_HZ)
    brightest = []
    for amplitude in (16384, 8192):
        (live,) = looks(pipeline, (amplitude * tone).astype(np.int16), RATE_HZ)
        brightest.append(max(base64.b64decode(live.mel)) * 100 / 255 - 100)
    assert brightest[0] == pytest.approx(-6, abs=2.5)
    assert brightest[0] - brightest[1] == pytest.approx(6, abs=0.5)
