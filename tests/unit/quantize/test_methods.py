"""The ways to quantize, on a small real network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.quantize import calibration
from edge_daemon.quantize.finish import metadata_of
from edge_daemon.quantize.methods import Method, apply
from edge_daemon.quantize.prepare import prepare, weighted_nodes
from edge_daemon.quantize.served import Served
from tests.small_networks import random_inputs, write_convolution

EVERY = (
    Method(kind="dynamic", signed_weights=False, per_channel=False),
    Method(kind="dynamic", signed_weights=False),
    Method(kind="static"),
    Method(kind="static", calibration="minmax", per_channel=False),
    Method(kind="static", calibration="entropy", signed_activations=True),
    Method(kind="static", signed_activations=True, symmetric=True),
    Method(kind="static", reduce_range=True),
    Method(kind="fp16"),
)
X = random_inputs(24)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network, with metadata, ready to be quantized."""
    folder = tmp_path_factory.mktemp("methods")
    model = onnx.load(write_convolution(folder / "net.onnx"))
    onnx.helper.set_model_props(model, {"about": "this"})
    onnx.save(model, folder / "net.onnx")
    prepare(folder / "net.onnx", folder / "prepared.onnx")
    return folder / "prepared.onnx"


def operators(path: Path) -> list[str]:
    """Return the types of all nodes of a file."""
    return [node.op_type for node in onnx.load(path).graph.node]


@pytest.mark.parametrize("method", EVERY, ids=lambda m: m.name)
def test_each_gives_about_the_same_scores(method: Method, prepared: Path, tmp_path: Path) -> None:
    """What is written can be served, and answers as the original does but for some rounding."""
    out = tmp_path / "out.onnx"
    apply(method, prepared, X, out)
    np.testing.assert_allclose(Served(out).answers(X), Served(prepared).answers(X), atol=0.1)


@pytest.mark.parametrize("method", EVERY, ids=lambda m: m.name)
def test_inputs_outputs_and_metadata_stay(method: Method, prepared: Path, tmp_path: Path) -> None:
    """The daemon finds the same names and types, and what the model says of itself, no more."""
    out = tmp_path / "out.onnx"
    apply(method, prepared, X, out)
    before, after = onnx.load(prepared), onnx.load(out)
    assert list(after.graph.input) == list(before.graph.input)
    assert list(after.graph.output) == list(before.graph.output)
    assert metadata_of(out) == {"about": "this"}


def test_the_softmax_stays_float(prepared: Path, tmp_path: Path) -> None:
    """Scores of 8 bits would not sum to 1."""
    apply(Method(kind="static"), prepared, X, tmp_path / "out.onnx")
    graph = onnx.load(tmp_path / "out.onnx").graph
    (softmax,) = (n for n in graph.node if n.op_type == "Softmax")
    assert list(softmax.output) == ["scores"]
    assert graph.node[-1] == softmax


def test_layers_stay_float_where_asked(prepared: Path, tmp_path: Path) -> None:
    """Their weights are those of the original."""
    first, *_ = weighted_nodes(prepared)
    method = Method(kind="static", keep_float=(first,))
    apply(method, prepared, X, tmp_path / "out.onnx")
    nodes = {n.name: n for n in onnx.load(tmp_path / "out.onnx").graph.node}
    kept = next(n for n in onnx.load(prepared).graph.node if n.name == first)
    assert nodes[first].input[1] == kept.input[1]


def test_one_layer_alone(prepared: Path, tmp_path: Path) -> None:
    """What is not named stays as it is."""
    first, last = weighted_nodes(prepared)
    apply(Method(kind="static"), prepared, X, tmp_path / "out.onnx", only=(last,))
    nodes = {n.name: n for n in onnx.load(tmp_path / "out.onnx").graph.node}
    floats = {n.name: n for n in onnx.load(prepared).graph.node}
    assert nodes[first].input[1] == floats[first].input[1]
    assert nodes[last].input[1] != floats[last].input[1]


def test_what_tensorrt_reads(prepared: Path, tmp_path: Path) -> None:
    """Zero points are 0, weights lie in float between Q and DQ, biases stay float."""
    method = Method(kind="static", signed_activations=True, symmetric=True)
    apply(method, prepared, X, tmp_path / "out.onnx")
    graph = onnx.load(tmp_path / "out.onnx").graph
    tensors = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    points = [tensors[n.input[2]] for n in graph.node if n.op_type == "QuantizeLinear"]
    assert all(p.dtype == np.int8 and not p.any() for p in points)
    assert sum(t.dtype == np.float32 and t.ndim > 1 for t in tensors.values()) == 2
    assert not any(t.dtype == np.int32 for t in tensors.values())
    assert "DynamicQuantizeLinear" not in operators(tmp_path / "out.onnx")


def test_a_calibration_in_small_portions(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many inputs need no more memory than few; ranges come out the same, all being seen."""
    method = Method(kind="static", calibration="minmax")
    apply(method, prepared, X, tmp_path / "whole.onnx")
    monkeypatch.setattr(calibration, "_SEEN_BYTES", 60_000)
    assert 1 < calibration.Feed(prepared, X).stride < len(X) - 1
    apply(method, prepared, X, tmp_path / "parts.onnx")
    assert (tmp_path / "parts.onnx").read_bytes() == (tmp_path / "whole.onnx").read_bytes()


def test_nothing_is_printed(
    prepared: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    """Stdout is for what the command has to say."""
    apply(Method(kind="static"), prepared, X, tmp_path / "out.onnx")
    assert capfd.readouterr().out == ""


_METHODS = st.builds(
    Method,
    kind=st.just("static"),
    calibration=st.sampled_from(["minmax", "percentile", "entropy"]),
    percentile=st.just(99.9),
    per_channel=st.booleans(),
    signed_activations=st.booleans(),
    symmetric=st.booleans(),
    reduce_range=st.booleans(),
    keep_float=st.lists(st.sampled_from(["a", "b", "/c/d"]), unique=True).map(tuple),
)


@given(_METHODS, _METHODS)
def test_names_tell_methods_apart(one: Method, other: Method) -> None:
    """Two methods have the same name only where they are the same, and it can be a file's."""
    assert (one.name == other.name) == (one == other)
    assert "/" not in one.name
