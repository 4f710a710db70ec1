"""What makes a model of elsewhere one that the daemon can serve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from edge_daemon.errors import ModelError
from edge_daemon.model.session import session_of, spec_of
from edge_daemon.quantize.describe import describe
from edge_daemon.quantize.served import Served
from edge_daemon.types import FrontendSpec
from tests.small_networks import network

FRONTEND = FrontendSpec(n_mels=6, n_mfcc=6)
LABELS = ("yes", "no", "unknown")
N_FRAMES = 5


def write(path: Path, shape: list[int | str], last: str = "Softmax", names: str = "xy") -> Served:
    """Write a network of elsewhere, its input and output named as its maker liked."""
    rng = np.random.default_rng(1)
    nodes = [
        helper.make_node("Flatten", [names[0]], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["features"]),
        helper.make_node(last, ["features"], [names[1]]),
    ]
    model = network(nodes, {"dense": rng.normal(size=(30, 3))}, shape, 3)
    model.graph.input[0].name, model.graph.output[0].name = names[0], names[1]
    onnx.save(model, path)
    return Served(path)


@pytest.mark.parametrize("shape", [["n", 5, 6, 1], ["n", 5, 6], [1, 1, 5, 6]])
def test_the_scores_are_the_same(tmp_path: Path, shape: list[int | str]) -> None:
    """Whatever axes of length 1 the model has, it scores features as it did."""
    before = write(tmp_path / "m.onnx", shape)
    describe(tmp_path / "m.onnx", "mine", LABELS, FRONTEND)
    session = session_of(tmp_path / "m.onnx", threads=1)
    spec = spec_of(session, tmp_path / "m.onnx")
    x = np.random.default_rng(2).normal(size=(1, N_FRAMES, 6)).astype(np.float32)
    expected = before.run(x.reshape(1, *before.shape))
    assert np.array_equal(session.run(["scores"], {"features": x})[0], expected)
    assert (spec.name, spec.labels, spec.n_frames) == ("mine", LABELS, N_FRAMES)


def test_logits_become_probabilities(tmp_path: Path) -> None:
    """A model whose softmax was left to its loss gets one."""
    before = write(tmp_path / "m.onnx", ["n", 5, 6], last="Identity")
    describe(tmp_path / "m.onnx", "mine", LABELS, FRONTEND)
    x = np.random.default_rng(3).normal(size=(1, N_FRAMES, 6)).astype(np.float32)
    logits = before.run(x)
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(Served(tmp_path / "m.onnx").run(x), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "labels", "what"),
    [
        (["n", 6, 5], LABELS, "inputs are (5, 6), the model takes (6, 5)"),
        (["n", 30], LABELS, "the model takes (30,)"),
        (["n", 5, 6], LABELS[:2], "2"),
        (["n", 3, 10], LABELS, "the model takes (3, 10)"),
    ],
)
def test_what_does_not_fit(
    tmp_path: Path, shape: list[int | str], labels: tuple[str, ...], what: str
) -> None:
    """Features first, rows of another length, another number of labels: refused, and said."""
    write(tmp_path / "m.onnx", shape)
    with pytest.raises(ModelError) as caught:
        describe(tmp_path / "m.onnx", "mine", labels, FRONTEND)
    assert what in str(caught.value)


@given(st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000]), st.integers(40, 960))
def test_the_hop_is_whole(rate_hz: int, hop_length: int) -> None:
    """Time between two scores: whole milliseconds, and as many frames."""
    from edge_daemon.quantize.describe import _hop_ms

    frontend = FrontendSpec(
        sample_rate_hz=rate_hz, hop_length=hop_length, win_length=960, n_fft=1024
    )
    try:
        hop_ms = _hop_ms(frontend)
    except ModelError:
        return
    samples = hop_ms * rate_hz / 1000
    assert (samples / hop_length).is_integer()
    assert hop_ms >= 1
