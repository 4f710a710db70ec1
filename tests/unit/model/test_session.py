"""Graphs that fit their metadata and still cannot be served."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper, numpy_helper

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import KeywordModel, load_model
from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.types import ModelSpec
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model

THIRDS = np.full((1, 3), 1 / 3, np.float32)
F32 = onnx.TensorProto.FLOAT


def write_graph(path: Path, spec: ModelSpec, nodes: list[onnx.NodeProto], **states: int) -> Path:
    """Write a graph with ``features``, ``scores`` and states of one value and the types given."""
    shape = [1, spec.n_frames, spec.frontend.n_features]
    tensor = helper.make_tensor_value_info
    inputs = [tensor("features", F32, shape), *(tensor(n, t, [1, 1]) for n, t in states.items())]
    outputs = [helper.make_empty_tensor_value_info("scores")]
    outputs += [helper.make_empty_tensor_value_info(f"{name}_next") for name in states]
    graph = helper.make_graph(nodes, "odd", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: spec_to_json(spec)})
    onnx.save(onnx.shape_inference.infer_shapes(model), path)
    return path


def constant(name: str, value: npt.NDArray[np.generic]) -> onnx.NodeProto:
    """Return a node that always gives this value."""
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))


def load(path: Path) -> KeywordModel:
    """Open a model as the daemon does."""
    return load_model(ModelConfig(path=str(path)), RuntimeConfig())


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.array([[3.0, -1.0, 2.0]], np.float32), "not probabilities; add a softmax"),
        (np.array([[0.9, 0.8, 0.7]], np.float32), "not probabilities; add a softmax"),
        (np.zeros((1, 3), np.float32), "not probabilities"),
        (np.array([[0.5, np.nan, 0.5]], np.float32), "not finite"),
        (THIRDS.astype(np.float64), r"'scores' is tensor\(double\); float32 is needed"),
        (np.array([[1, 0, 0]]), r"'scores' is tensor\(int64\)"),
        (THIRDS[0], r"scores are \[3\]"),
    ],
)
def test_scores_that_cannot_be_right_are_refused(
    tmp_path: Path, scores: npt.NDArray[np.generic], message: str
) -> None:
    """Scores are float32 probabilities, one a label, that sum to about 1."""
    path = write_graph(tmp_path / "m.onnx", WINDOW_SPEC, [constant("scores", scores)])
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_the_rounding_of_a_quantised_softmax_is_allowed(tmp_path: Path) -> None:
    """Probabilities need not sum to 1 exactly."""
    scores = np.array([[0.98, 0.0, 0.0]], np.float32)
    assert load(write_graph(tmp_path / "m.onnx", WINDOW_SPEC, [constant("scores", scores)]))


def test_scores_are_looked_at_with_the_state_fed_back(tmp_path: Path) -> None:
    """A model whose second scores are wrong is refused as one whose first are."""
    nodes = [
        constant("thirds", THIRDS),
        constant("one", np.ones((1, 1), np.float32)),
        helper.make_node("Add", ["count", "one"], ["count_next"]),
        helper.make_node("Mul", ["thirds", "count_next"], ["scores"]),
    ]
    path = write_graph(tmp_path / "m.onnx", STREAM_SPEC, nodes, count=F32)
    with pytest.raises(ModelError, match="sum 2"):
        load(path)


def test_a_state_that_is_no_number_is_refused(tmp_path: Path) -> None:
    """NaN in a state would be in every score to come."""
    nodes = [
        constant("scores", THIRDS),
        helper.make_node("Div", ["past", "past"], ["past_next"]),
    ]
    path = write_graph(tmp_path / "m.onnx", STREAM_SPEC, nodes, past=F32)
    with pytest.raises(ModelError, match="'past_next' of a first inference is not finite"):
        load(path)


def test_a_state_that_changes_its_shape_is_refused(tmp_path: Path) -> None:
    """What comes out of a state has to go into it again."""
    nodes = [
        constant("scores", THIRDS),
        helper.make_node("Concat", ["past", "past"], ["past_next"], axis=1),
    ]
    path = write_graph(tmp_path / "m.onnx", STREAM_SPEC, nodes, past=F32)
    with pytest.raises(ModelError, match=r"'past' is \[1, 1\], but 'past_next' is \[1, 2\]"):
        load(path)


def test_a_state_is_bounded(tmp_path: Path) -> None:
    """A model cannot ask for a terabyte before anything of it has run."""
    path = write_model(tmp_path / "m.onnx", STREAM_SPEC)
    model = onnx.load(path)
    for value in (model.graph.input[1], model.graph.output[1]):
        value.type.tensor_type.shape.dim[1].dim_value = 1 << 38
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r"the state 'past' .* is larger than"):
        load_model(ModelConfig(path=str(path)), RuntimeConfig())


@pytest.mark.parametrize("named", ["past", "past_next"])
def test_states_are_float32(tmp_path: Path, named: str) -> None:
    """A state of another type is refused, in or out."""
    kind = onnx.TensorProto.DOUBLE if named == "past" else F32
    nodes = [
        constant("scores", THIRDS),
        helper.make_node("Cast", ["past"], ["past_next"], to=onnx.TensorProto.DOUBLE),
    ]
    path = write_graph(tmp_path / "m.onnx", STREAM_SPEC, nodes, past=kind)
    with pytest.raises(ModelError, match=rf"'{named}' is tensor\(double\); float32"):
        load(path)


def test_a_window_model_has_no_states(tmp_path: Path) -> None:
    """A model with states that says it takes windows would start anew at every hop."""
    path = write_model(tmp_path / "m.onnx", STREAM_SPEC)
    model = onnx.load(path)
    spec = replace(STREAM_SPEC, kind="window")
    helper.set_model_props(model, {METADATA_KEY: spec_to_json(spec)})
    onnx.save(model, path)
    with pytest.raises(ModelError, match="this one also past; a model with states is of kind"):
        load(path)
