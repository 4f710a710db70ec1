"""What a float model has to be, and what is made of it before it is quantized."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from edge_daemon.errors import ModelError
from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.quantize.methods import Method, apply
from edge_daemon.quantize.prepare import check_float_model, prepare, weighted_nodes
from edge_daemon.quantize.served import Served
from tests.small_networks import network, random_inputs, write_convolution
from tests.tiny_models import STREAM_SPEC, WINDOW_SPEC, write_model

X = random_inputs(6)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A network with a convolution, batch norm and nodes without names."""
    return write_convolution(tmp_path / "net.onnx")


def prepared(model: Path) -> Path:
    """Return the same model, prepared, beside it."""
    out = model.with_name("prepared.onnx")
    prepare(model, out)
    return out


def test_scores_stay_the_same(net: Path) -> None:
    """Nothing is quantized yet."""
    np.testing.assert_allclose(
        Served(prepared(net)).answers(X), Served(net).answers(X), atol=1e-6
    )  # fmt: skip


def test_batch_norms_are_folded(net: Path) -> None:
    """They become part of the convolution before them."""
    operators = [n.op_type for n in onnx.load(prepared(net)).graph.node]
    assert "BatchNormalization" not in operators
    assert operators.count("Conv") == 1


def test_every_node_has_a_name_of_its_own(net: Path) -> None:
    """Else a layer could not be left out."""
    names = [n.name for n in onnx.load(prepared(net)).graph.node]
    assert all(names)
    assert len(set(names)) == len(names)


def test_layers_with_weights(net: Path) -> None:
    """The convolution and the dense layer, in the order they run."""
    kinds = {n.name: n.op_type for n in onnx.load(prepared(net)).graph.node}
    assert [kinds[name] for name in weighted_nodes(prepared(net))] == ["Conv", "Gemm"]


def test_shapes_that_were_written_down_wrong(net: Path) -> None:
    """Exporters leave shapes from before their own changes; quantizing trips over them."""
    model = onnx.load(net)
    model.graph.value_info.append(
        helper.make_tensor_value_info("pooled", onnx.TensorProto.FLOAT, [1, 99, 1, 1])
    )
    onnx.save(model, net)
    apply(Method(kind="dynamic", signed_weights=False), prepared(net), X, net.with_name("out.onnx"))
    assert Served(net.with_name("out.onnx")).answers(X).shape == (6, 4)


def test_traces_of_the_exporter_are_gone_and_metadata_stays(net: Path) -> None:
    """What a model says of itself is kept, what was noted of its making is not."""
    model = onnx.load(net)
    onnx.helper.set_model_props(model, {"about": "this"})
    onnx.save(model, net)
    after = onnx.load(prepared(net))
    assert {e.key: e.value for e in after.metadata_props}["about"] == "this"
    assert not any(n.doc_string for n in after.graph.node)


def test_an_old_opset_is_raised(tmp_path: Path) -> None:
    """Weights with a scale a channel need 13."""
    net = write_convolution(tmp_path / "old.onnx", opset=11)
    model = onnx.load(prepared(net))
    assert next(o.version for o in model.opset_import if not o.domain) >= 13
    np.testing.assert_allclose(
        Served(prepared(net)).answers(X), Served(net).answers(X), atol=1e-6
    )  # fmt: skip


def test_what_a_model_takes(net: Path, tmp_path: Path) -> None:
    """Its size without the batch, and its metadata where it has any."""
    bare = check_float_model(net)
    assert (bare.shape, bare.spec) == ((1, 12, 10), None)
    described = check_float_model(write_model(tmp_path / "tiny.onnx"))
    assert (described.shape, described.spec) == ((20, 10), WINDOW_SPEC)


def not_a_model(path: Path) -> None:
    """Write something else under the name of a model."""
    path.write_bytes(b"\x00not a model" * 9)


def sizes_open(path: Path) -> None:
    """Write a model that takes any number of frames."""
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Softmax", ["mean"], ["scores"], axis=1),
    ]
    onnx.save(network(nodes, {}, ["n", "frames", 4], 4), path)


def unknown_operator(path: Path) -> None:
    """Write a model with an operator that onnxruntime has not."""
    nodes = [helper.make_node("Fancy", ["features"], ["scores"], domain="com.example")]
    model = network(nodes, {}, ["n", 4], 4)
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    onnx.save(model, path)


def with_states(path: Path) -> None:
    """Write a streaming model."""
    write_model(path, STREAM_SPEC)


def halved(path: Path) -> None:
    """Write a model that takes float16."""
    node = helper.make_node("Softmax", ["features"], ["scores"], axis=1)
    model = network([node], {}, ["n", 4], 4)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    onnx.save(model, path)


def other_size_than_it_says(path: Path) -> None:
    """Write a model whose metadata is of another one."""
    write_model(path, metadata=spec_to_json(replace(WINDOW_SPEC, n_frames=7)))


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (not_a_model, "not an ONNX model (108 bytes)"),
        (sizes_open, "all but the first, the batch, must be numbers"),
        (unknown_operator, "com.example:Fancy"),
        (with_states, "needs one input"),
        (halved, "float16 model already"),
        (other_size_than_it_says, "its metadata says (7, 10)"),
    ],
)
def test_models_that_cannot_be_quantized(write: object, says: str, tmp_path: Path) -> None:
    """They are named, with what is wrong."""
    path = tmp_path / "odd.onnx"
    assert callable(write)
    write(path)
    with pytest.raises(ModelError) as refused:
        check_float_model(path)
    assert str(path) in str(refused.value)
    assert says in str(refused.value)


def test_a_model_that_is_quantized_already(net: Path) -> None:
    """It would only get worse."""
    out = net.with_name("out.onnx")
    apply(Method(kind="static"), prepared(net), X, out)
    with pytest.raises(ModelError, match="is quantized already"):
        check_float_model(out)


def test_metadata_that_is_damaged(net: Path) -> None:
    """A mistake in it is not passed on."""
    model = onnx.load(net)
    onnx.helper.set_model_props(model, {METADATA_KEY: "{"})
    onnx.save(model, net)
    with pytest.raises(ModelError, match="bad metadata"):
        check_float_model(net)
