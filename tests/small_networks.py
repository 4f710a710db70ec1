"""Small float networks with weights enough that quantizing them shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.quantize.data import load_material
from edge_daemon.quantize.inputs import Inputs
from edge_daemon.types import ModelSpec
from tests.tone_words import TONE_SPEC

Array = npt.NDArray[Any]

N_HIDDEN = 256


def write_dense(
    path: Path, clips: Path, spec: ModelSpec = TONE_SPEC, metadata: bool = True
) -> Path:  # fmt: skip
    """Write a network of two dense layers that has learned the words of these clips."""
    material = load_material(clips, (spec.n_frames, spec.frontend.n_features), spec.labels,
                             spec.frontend)  # fmt: skip
    x = np.concatenate([material.calibration.x, material.evaluation.x])
    y = np.concatenate([material.calibration.y, material.evaluation.y])
    flat = x.reshape(len(x), -1)
    rng = np.random.default_rng(5)
    first = rng.normal(size=(flat.shape[1], N_HIDDEN)) / 40.0
    hidden = np.maximum(flat @ first, 0.0)
    wanted = 8.0 * np.eye(len(spec.labels))[y]
    second = np.linalg.solve(hidden.T @ hidden + 0.1 * np.eye(N_HIDDEN), hidden.T @ wanted)
    nodes = [
        helper.make_node("Flatten", ["features"], ["flat"]),
        helper.make_node("MatMul", ["flat", "first"], ["mixed"]),
        helper.make_node("Relu", ["mixed"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "second"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    shape: list[int | str] = ["n", spec.n_frames, spec.frontend.n_features]
    model = network(nodes, {"first": first, "second": second}, shape, len(spec.labels))
    if metadata:
        onnx.helper.set_model_props(model, {METADATA_KEY: spec_to_json(spec)})
    onnx.save(model, path)
    return path


def write_convolution(path: Path, opset: int = 17, **more: Any) -> Path:
    """Write a convolution with batch norm, unnamed, and a dense layer behind it."""
    rng = np.random.default_rng(7)
    weights = {
        "kernel": rng.normal(size=(8, 1, 3, 3)), "scale": rng.uniform(0.5, 1.5, 8),
        "shift": rng.normal(size=8), "mean": rng.normal(size=8), "var": rng.uniform(0.5, 1.5, 8),
        "dense": rng.normal(size=(8, 4)), "bias": rng.normal(size=4),
    }  # fmt: skip
    nodes = [
        helper.make_node("Conv", ["features", "kernel"], ["heard"], doc_string="from here"),
        helper.make_node("BatchNormalization", ["heard", "scale", "shift", "mean", "var"], ["even"]),
        helper.make_node("Relu", ["even"], ["kept"]),
        helper.make_node("GlobalAveragePool", ["kept"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]  # fmt: skip
    onnx.save(network(nodes, weights, ["n", 1, 12, 10], 4, opset), path)
    return path


def network(
    nodes: list[Any], weights: dict[str, Array], shape: list[int | str], n_labels: int,
    opset: int = 17,
) -> onnx.ModelProto:  # fmt: skip
    """Return a model that makes ``scores`` of ``features``."""
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [shape[0], n_labels])], tensors,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def random_inputs(n: int, shape: tuple[int, ...] = (1, 12, 10), seed: int = 0) -> Array:
    """Return so many inputs for `write_convolution`."""
    return np.random.default_rng(seed).normal(size=(n, *shape)).astype(np.float32)


def labelled(x: Array, y: Array, labels: tuple[str, ...] = ("a", "b", "c", "d")) -> Inputs:
    """Return inputs of a speaker each."""
    return Inputs(x, y.astype(np.int64), tuple(map(str, range(len(x)))), labels)
