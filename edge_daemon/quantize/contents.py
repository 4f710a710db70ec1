"""What an ONNX file holds: its size, its weights, and the operators that compute in float32."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import onnx
from onnx import TensorProto

from edge_daemon.errors import ModelError
from edge_daemon.model.session import first_line

Node: TypeAlias = Any  # the types of onnx are not there where it is not installed

_HALF_BYTES = frozenset({TensorProto.INT4, TensorProto.UINT4})
_MOVES_ONLY = frozenset({
    "Cast", "Concat", "Constant", "DequantizeLinear", "DynamicQuantizeLinear", "Expand", "Flatten",
    "Gather", "Identity", "Pad", "QuantizeLinear", "ReorderInput", "ReorderOutput", "Reshape",
    "Shape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
})  # fmt: skip
_IN_INTEGERS = ("QLinear", "QGemm", "QAttention", "DynamicQuantize", "MatMulNBits")


def file_bytes(path: Path) -> int:
    """Return the size of a model: the file, and those beside it that hold its weights."""
    model = onnx.load(path, load_external_data=False)
    beside = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    files = (path, *(path.parent / name for name in beside))
    return sum(p.stat().st_size for p in files)


def weight_bytes(path: Path) -> int:
    """Return how much the weights take as they are stored: initializers and constant nodes.

    An ONNX file holds no more than that and a graph. A Keras file that was saved after a training
    also holds the state of the optimizer, twice the weights again for Adam; converting drops it,
    which makes a file smaller that quantizes nothing.
    """
    graph = onnx.load(path, load_external_data=False).graph
    constants = (
        a.t for n in graph.node if n.op_type == "Constant" for a in n.attribute if a.HasField("t")
    )
    return sum(_tensor_bytes(tensor) for tensor in (*graph.initializer, *constants))


def _tensor_bytes(tensor: TensorProto) -> int:
    n: int = math.prod(tensor.dims)
    if tensor.data_type in _HALF_BYTES:
        return (n + 1) // 2
    return n * int(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize)


def float_operators(path: Path) -> dict[str, int]:
    """Return how many operators compute in float32, by type, the most frequent first.

    Counted in the graph that onnxruntime makes of the file on this machine: it joins an operator
    between DequantizeLinear and QuantizeLinear to one on integers only where it has one, and turns
    float16 back to float32 where it has none. Not counted are operators that only move or convert
    numbers (reshape, transpose, cast, quantize …), and the scale and bias that follow an integer
    product (ConvInteger, MatMulInteger), which are part of it.

    Raises
    ------
    ModelError
        When onnxruntime cannot load the file.
    """
    graph = _as_it_runs(path).graph
    types = {i.name: i.data_type for i in graph.initializer}
    types |= {i.name: i.type.tensor_type.elem_type for i in graph.input}
    bias = {i.name for i in graph.initializer}
    counts: Counter[str] = Counter()
    for node in _without_scaling(graph.node, bias):
        kind = _computes_in(node, types)
        types |= dict.fromkeys(node.output, _gives(node, kind))
        is_integer = node.op_type.startswith(_IN_INTEGERS) or "Integer" in node.op_type
        if kind == TensorProto.FLOAT and node.op_type not in _MOVES_ONLY and not is_integer:
            counts[node.op_type] += 1
    return dict(counts.most_common())


def _as_it_runs(path: Path) -> Any:
    import onnxruntime  # after edge_daemon.model.session, which turns its telemetry off

    with tempfile.TemporaryDirectory() as folder:
        optimised = Path(folder) / "optimised.onnx"
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.optimized_model_filepath = str(optimised)
        try:
            onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own classes have no common root
            raise ModelError(f"{path}: onnxruntime cannot load it: {first_line(error)}") from None
        return onnx.load(optimised)


def _computes_in(node: Node, types: dict[str, int]) -> int:
    """Return the type of the first input that has a known one; float32 where none has."""
    return next((types[name] for name in node.input if name in types), TensorProto.FLOAT)


def _gives(node: Node, kind: int) -> int:
    """Return the type of what a node computes of inputs of a type."""
    if node.op_type == "Cast":
        return next(int(a.i) for a in node.attribute if a.name == "to")
    if node.op_type == "QuantizeLinear":
        return TensorProto.UINT8
    if node.op_type in {"DequantizeLinear", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"}:
        return TensorProto.FLOAT
    if node.op_type in {"ConvInteger", "MatMulInteger"}:
        return TensorProto.INT32
    return TensorProto.INT64 if node.op_type in {"Shape", "Size", "ArgMax", "ArgMin"} else kind


def _without_scaling(nodes: Iterable[Node], constants: set[str]) -> Iterator[Node]:
    """Yield the nodes but those that turn an integer product into floats."""
    sums: set[str] = set()
    scales: set[str] = set()
    scaled: set[str] = set()
    for node in nodes:
        read, op = set(node.input), node.op_type
        if op == "Mul" and read & sums:
            scaled |= set(node.output)
        elif op == "Mul" and read & scales:
            scales |= set(node.output)
        elif op == "Add" and read & scaled and read & constants:
            continue
        else:
            if op in {"ConvInteger", "MatMulInteger"} or (op == "Cast" and read & sums):
                sums |= set(node.output)
            elif op == "DynamicQuantizeLinear":
                scales.add(node.output[1])
            yield node
