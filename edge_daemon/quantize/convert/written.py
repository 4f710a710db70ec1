"""Writes the ONNX file of a conversion, and refuses what cannot be served."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import onnx

from edge_daemon.errors import EdgeDaemonError, ModelError
from edge_daemon.quantize.convert.messages import Conversion, Request
from edge_daemon.quantize.finish import strip
from edge_daemon.quantize.prepare import load_onnx

INPUT, OUTPUT = "features", "scores"
"""What the daemon calls them."""

OPSET = 17
_STANDARD = ("", "ai.onnx")

Onnx: TypeAlias = Any  # the types of onnx are not there where it is not installed


def write(model: Onnx, request: Request) -> None:
    """Write a converted model without the notes and the long names of its converter.

    Raises
    ------
    ModelError
        When an operator of it is none of ONNX, or its batch is fixed.
    EdgeDaemonError
        When it cannot be written.
    """
    _check_operators(model, request.model)
    _check_batch(model, request.model)
    strip(model)
    del model.metadata_props[:]
    _shorten_names(model)
    _save(model, Path(request.out))


def _save(model: Onnx, out: Path) -> None:
    try:
        onnx.save(model, out)
    except OSError as error:
        raise EdgeDaemonError(
            f"{out}: the converted model cannot be written: {error.strerror or error}"
        ) from None


def _shorten_names(model: Onnx) -> None:
    """Give values in between numbers: the paths that converters give outweigh small weights.

    Quantizers make four names of each. Nodes keep theirs, which say what layer they are.
    """
    graph = model.graph
    if any(a.HasField("g") or a.graphs for n in graph.node for a in n.attribute):
        return  # a graph inside may use them
    short = {v.name: v.name for v in (*graph.input, *graph.output)} | {"": ""}
    for tensor in graph.initializer:
        tensor.name = short.setdefault(tensor.name, f"w{len(short)}")
    for node in graph.node:
        node.input[:] = [short.setdefault(name, f"v{len(short)}") for name in node.input]
        node.output[:] = [short.setdefault(name, f"v{len(short)}") for name in node.output]


def _check_operators(model: Onnx, name: str) -> None:
    """Name the operators that the converter has taken over as they are."""
    unknown = {
        n.op_type
        for n in model.graph.node
        if n.domain in _STANDARD and not onnx.defs.has(n.op_type)
    }
    if unknown:
        raise ModelError(
            f"{name}: has operators for which ONNX has none: {', '.join(sorted(unknown))}"
        )


def _check_batch(model: Onnx, name: str) -> None:
    weights = {i.name for i in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in weights]
    for which, values in (("input", inputs), ("output", list(model.graph.output))):
        if len(values) != 1:
            names = ", ".join(v.name for v in values) or "none"
            raise ModelError(f"{name}: has {len(values)} {which}s ({names}); needed is one")
    n = batch_of(model)
    if n not in (None, 1):
        raise ModelError(
            f"{name}: takes batches of {n} only; export it with a batch of any size, or of 1"
        )


def batch_of(model: Onnx) -> int | None:
    """Return how many inputs it takes at once; None for any number."""
    shape = model.graph.input[0].type.tensor_type.shape.dim
    if not shape:
        return None
    return int(shape[0].dim_value) if shape[0].HasField("dim_value") else None


def in_one_file(request: Request) -> Conversion:
    """Copy an ONNX model with the weights that lie in files beside it, as it is otherwise.

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    model = load_onnx(Path(request.model))
    _save(model, Path(request.out))
    return Conversion(converter=f"onnx {onnx.__version__}", largest_difference=0.0)
