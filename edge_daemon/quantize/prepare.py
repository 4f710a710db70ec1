"""A float model before it is quantized: whether it can be, and its graph made simple."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from edge_daemon.errors import ModelError
from edge_daemon.model.file import METADATA_KEY, spec_from_json
from edge_daemon.quantize.finish import finish, metadata_of, strip
from edge_daemon.quantize.served import Served
from edge_daemon.types import ModelSpec

_LEAST_OPSET = 13
"""From which on weights may have a scale a channel."""
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_QUANTIZED = ("QuantizeLinear", "Integer", "QLinear", "MatMulNBits", "QGemm")


@dataclass(frozen=True, slots=True)
class FloatModel:
    """What a float model takes and gives."""

    path: Path
    shape: tuple[int, ...]
    """Of one input, without the batch."""
    spec: ModelSpec | None
    """What the file says of itself; None where it has no metadata of ours."""


def check_float_model(path: Path) -> FloatModel:
    """Return what a model takes, if it is one that can be quantized.

    Raises
    ------
    ModelError
        When it is no ONNX model that onnxruntime can run, needs more than one input, has sizes
        that are not fixed, or is quantized already.
    """
    model = load_onnx(path)
    found = _quantized_operators(model)
    if found:
        raise ModelError(f"{path}: is quantized already ({', '.join(found)}); give the float model")
    if any(i.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16 for i in _inputs(model)):
        raise ModelError(f"{path}: is a float16 model already; give the float32 model")
    served = Served(path)
    text = metadata_of(path).get(METADATA_KEY)
    spec = None if text is None else spec_from_json(text, str(path))
    _check_sizes(served, spec)
    return FloatModel(path, served.shape, spec)


def load_onnx(path: Path) -> onnx.ModelProto:
    """Read an ONNX file that has operators in it.

    Raises
    ------
    ModelError
        When it is none.
    """
    try:
        model = onnx.load(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror or error}") from None
    except Exception as error:  # protobuf's own classes, by its version
        raise ModelError(
            f"{path}: not an ONNX model ({path.stat().st_size} bytes): {error}"
        ) from None
    if not model.graph.node:
        raise ModelError(f"{path}: not an ONNX model with any operator in it")
    return model


def _inputs(model: onnx.ModelProto) -> list[Any]:
    weights = {i.name for i in model.graph.initializer}
    return [i for i in model.graph.input if i.name not in weights]


def _quantized_operators(model: onnx.ModelProto) -> list[str]:
    found = {n.op_type for n in model.graph.node if any(q in n.op_type for q in _QUANTIZED)}
    return sorted(found)


def _check_sizes(served: Served, spec: ModelSpec | None) -> None:
    if spec is None:
        return
    expected = (spec.n_frames, spec.frontend.n_features)
    if math.prod(served.shape) != math.prod(expected):
        raise ModelError(
            f"{served.path}: takes {served.shape}, its metadata says {expected} frames and features"
        )


def prepare(model: Path, out: Path) -> None:
    """Write a model whose shapes are known, whose constants and batch norms are folded.

    Every node has a name of its own, by which it can be left out. The metadata stays.

    Raises
    ------
    ModelError
        When the graph cannot be brought to a version of ONNX that the quantizers take.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    graph = onnx.load(model)
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    strip(graph)  # shapes that were written down may contradict those inferred
    graph = _with_opset(graph, model)
    onnx.save(graph, out)
    quant_pre_process(str(out), str(out), skip_symbolic_shape=True)
    graph = onnx.load(out)
    marks = {entry.key: entry.value for entry in graph.metadata_props}
    _name_nodes(graph)
    onnx.save(graph, out)
    finish(out, {**marks, **metadata})


def _with_opset(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    if opset is None or opset >= _LEAST_OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, _LEAST_OPSET)
    except Exception as error:  # of the converter, which is written in C++
        raise ModelError(
            f"{path}: is of opset {opset} and cannot be brought to {_LEAST_OPSET}, which "
            f"quantization needs: {str(error).splitlines()[0]}; export it again with a newer one"
        ) from None


def _name_nodes(model: onnx.ModelProto) -> None:
    taken: set[str] = set()
    for number, node in enumerate(model.graph.node):
        if not node.name or node.name in taken:
            node.name = f"{node.op_type}_{number}"
        taken.add(node.name)


def weighted_nodes(prepared: Path) -> list[str]:
    """Return the names of the nodes that have weights to quantize, in the order they run."""
    model = onnx.load(prepared)
    return list(_weighted(model))


def _weighted(model: onnx.ModelProto) -> Iterator[str]:
    weights = {i.name for i in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type in _WEIGHTED and weights & set(node.input):
            yield node.name
