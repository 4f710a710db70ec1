"""Tiny real ONNX models, made for the tests.

They hear how loud it is: the score of ``loud`` is 1 when the level of the newest audio is high,
so that a test can say with plain samples what is to be heard and when.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.types import FrontendSpec, ModelSpec

N_FRAMES = 20
LABELS = ("loud", "unknown", "silence")

WINDOW_SPEC = ModelSpec(
    name="tiny",
    kind="window",
    labels=LABELS,
    frontend=FrontendSpec(n_mels=10, n_mfcc=10),
    n_frames=N_FRAMES,
    hop_ms=100,
    thresholds={"loud": 0.7},
    smooth_ms=100,
    training_data="none",
    licence="Apache-2.0",
)
STREAM_SPEC = replace(WINDOW_SPEC, kind="stream", n_frames=10)

_LOUDNESS = np.float32(-4.0)
"""Mean of ln(power) over the bands that parts loud from not loud."""


def write_model(
    path: Path, spec: ModelSpec = WINDOW_SPEC, metadata: str | None = "spec", n_outputs: int = 3
) -> Path:
    """Write a model that fits ``spec``; ``metadata`` replaces or (None) leaves out the JSON."""
    n_features = spec.frontend.n_features
    to_level = np.zeros((n_features, n_outputs), np.float32)
    to_level[0] = np.array([1.0, 0.0, -1.0, 0.0, 0.0][:n_outputs]) / np.sqrt(n_features)
    bias = np.array([-1.0, 0.0, 1.0, 0.0, 0.0][:n_outputs], np.float32) * _LOUDNESS
    nodes = [
        helper.make_node("ReduceMean", ["recent", "axis"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "to_level"], ["level"]),
        helper.make_node("Add", ["level", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    constants = {"axis": np.array([1]), "to_level": to_level, "bias": bias}
    inputs = [_tensor("features", [1, spec.n_frames, n_features])]
    outputs = [_tensor("scores", [1, n_outputs])]
    if spec.kind == "stream":
        span = [1, N_FRAMES, n_features]
        nodes[:0] = [
            helper.make_node("Concat", ["past", "features"], ["all"], axis=1),
            helper.make_node("Slice", ["all", "from", "to", "axis"], ["past_next"]),
            helper.make_node("Identity", ["past_next"], ["recent"]),
        ]
        constants |= {"from": np.array([-N_FRAMES]), "to": np.array([1 << 30])}
        inputs.append(_tensor("past", span))
        outputs.append(_tensor("past_next", span))
    else:
        nodes.insert(0, helper.make_node("Identity", ["features"], ["recent"]))
    initializers = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    text = spec_to_json(spec) if metadata == "spec" else metadata
    if text is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = METADATA_KEY, text
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def _tensor(name: str, shape: list[int]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
