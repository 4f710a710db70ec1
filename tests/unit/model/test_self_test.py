"""The stored input and its scores: made, carried, compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import load_model
from edge_daemon.model.file import resolve
from edge_daemon.model.self_test import (
    DECISIVE,
    SELF_TEST_KEY,
    TOLERANCE,
    check,
    last_scores,
    make,
    read,
    renewed,
)
from edge_daemon.model.session import session_of
from edge_daemon.quantize.finish import metadata_of, renew_self_test, set_metadata
from edge_daemon.quantize.methods import Method, apply
from edge_daemon.quantize.prepare import prepare
from edge_daemon.types import ModelSpec
from tests.self_tests import LOUD, with_self_test
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model


@pytest.mark.parametrize("spec", [WINDOW_SPEC, STREAM_SPEC])
def test_what_is_made_is_passed(tmp_path: Path, spec: ModelSpec) -> None:
    """A window is one chunk, a stream is tested on several with its state carried on."""
    path = with_self_test(write_model(tmp_path / "m.onnx", spec))
    session = session_of(path, 1)
    test = read(session, spec, path)
    assert test is not None
    assert len(test.features) == LOUD.shape[0]
    check(test, session, spec, path)


@pytest.mark.parametrize("name", ["commands", "commands-large"])
def test_the_shipped_models_carry_a_decisive_one(name: str) -> None:
    """A word with a high score, and small in the file."""
    path = resolve(f"builtin:{name}")
    session = session_of(path, 1)
    served = load_model(ModelConfig(path=str(path)), RuntimeConfig())
    test = read(session, served.spec, path)
    assert test is not None
    assert test.scores.max() >= DECISIVE
    assert served.spec.labels[int(test.scores.argmax())] in served.spec.words
    assert len(metadata_of(path)[SELF_TEST_KEY]) < 4096


def test_a_model_without_one_is_served(tmp_path: Path) -> None:
    """Its scores are taken as they are."""
    path = write_model(tmp_path / "m.onnx")
    assert read(session_of(path, 1), WINDOW_SPEC, path) is None
    assert load_model(ModelConfig(path=str(path)), RuntimeConfig()).spec == WINDOW_SPEC


def test_an_undecided_input_is_no_self_test(tmp_path: Path) -> None:
    """What says nothing about the words proves nothing."""
    session = session_of(write_model(tmp_path / "m.onnx"), 1)
    with pytest.raises(ModelError, match=r"a word with 0\.9 or more is needed"):
        make(session, WINDOW_SPEC, -5 * LOUD)


@pytest.mark.parametrize("moved", [TOLERANCE + 0.01, float("nan")])
def test_other_scores_are_refused(tmp_path: Path, moved: float) -> None:
    """A score that is off by more than the tolerance, or is none."""
    path = with_self_test(write_model(tmp_path / "m.onnx"))
    session = session_of(path, 1)
    test = read(session, WINDOW_SPEC, path)
    assert test is not None
    test.scores[1] += moved
    with pytest.raises(ModelError, match=r"other scores than it should: unknown 0\.00"):
        check(test, session, WINDOW_SPEC, path)


def test_a_small_difference_passes(tmp_path: Path) -> None:
    """INT8 is rounded differently from one provider to the next."""
    path = with_self_test(write_model(tmp_path / "m.onnx"))
    session = session_of(path, 1)
    test = read(session, WINDOW_SPEC, path)
    assert test is not None
    test.scores[0] -= TOLERANCE - 0.01
    check(test, session, WINDOW_SPEC, path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": "eJw="}, "incomplete|truncated|features"),
        ({"features": "not base64!"}, "base64"),
        ({"scores": [1.0]}, "1 scores for a model"),
        ({"scale": 0}, "> 0"),
        ({"scale": "x"}, "float"),
    ],
)
def test_a_damaged_one_is_told(tmp_path: Path, change: dict[str, object], message: str) -> None:
    """It is an error of the file, not a reason to serve it unproven."""
    path = with_self_test(write_model(tmp_path / "m.onnx"))
    metadata = metadata_of(path)
    text = json.dumps({**json.loads(metadata[SELF_TEST_KEY]), **change})
    set_metadata(path, {**metadata, SELF_TEST_KEY: text})
    with pytest.raises(ModelError, match=message):
        load_model(ModelConfig(path=str(path)), RuntimeConfig())


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=60))
def test_garbage_is_an_error_and_no_crash(tmp_path: Path, text: str) -> None:
    """Whatever stands under the key, it is refused by name."""
    path = write_model(tmp_path / "m.onnx")
    set_metadata(path, {**metadata_of(path), SELF_TEST_KEY: text.replace("\0", "")})
    with pytest.raises(ModelError, match=r"bad metadata 'edge_daemon\.self_test'"):
        load_model(ModelConfig(path=str(path)), RuntimeConfig())


def test_another_form_of_a_model_has_scores_of_its_own(tmp_path: Path) -> None:
    """What a quantizer makes of a model takes the input over, not the scores."""
    path = with_self_test(write_model(tmp_path / "m.onnx"))
    metadata = metadata_of(path)
    stored = json.loads(metadata[SELF_TEST_KEY])
    changed = json.dumps({**stored, "scores": [0.5, 0.3, 0.2]})
    set_metadata(path, {**metadata, SELF_TEST_KEY: changed})
    renew_self_test(path)
    assert json.loads(metadata_of(path)[SELF_TEST_KEY]) == stored


def test_an_undecided_form_of_a_model_loses_its_self_test(tmp_path: Path) -> None:
    """It is served all the same; the gate is what judges it."""
    path = with_self_test(write_model(tmp_path / "m.onnx"))
    text = metadata_of(path)[SELF_TEST_KEY]
    weights = np.zeros((10, 3), np.float32), np.zeros(3, np.float32)
    other = write_model(tmp_path / "other.onnx", weights=weights)
    session = session_of(other, 1)
    assert renewed(text, session, WINDOW_SPEC) is None
    set_metadata(other, {**metadata_of(other), SELF_TEST_KEY: text})
    renew_self_test(other)
    assert SELF_TEST_KEY not in metadata_of(other)
    renew_self_test(other)  # without one nothing happens


def test_only_the_metadata_changes(tmp_path: Path) -> None:
    """The graph is the same, byte for byte; the checksum comes before what was said before."""
    path = write_model(tmp_path / "m.onnx", replace(WINDOW_SPEC, name="kept"))
    before = path.read_bytes()
    with_self_test(path)
    after = path.read_bytes()
    until = after.index(b"edge_daemon.blake2b") - 4
    assert after.startswith(before[:until])
    assert before[until:] in after
    assert onnx.load(path).graph == onnx.load_from_string(before).graph


def test_a_quantizer_gives_its_file_scores_of_its_own(tmp_path: Path) -> None:
    """The input goes through every method, and the scores are those of the file it wrote."""
    original = with_self_test(write_model(tmp_path / "m.onnx"))
    prepared, small = tmp_path / "prepared.onnx", tmp_path / "small.onnx"
    prepare(original, prepared)
    apply(Method(kind="static"), prepared, np.stack([LOUD, -LOUD, 0 * LOUD]), small)
    session = session_of(small, 1)
    test = read(session, WINDOW_SPEC, small)
    assert test is not None
    assert np.abs(last_scores(session, WINDOW_SPEC, test.features) - test.scores).max() < 1e-4
    assert load_model(ModelConfig(path=str(small)), RuntimeConfig()).obtained.path == small
