"""Tiny real ONNX models, made for the tests.

They hear how loud it is: the score of ``loud`` is 1 when the level of the newest audio is high,
so that a test can say with plain samples what is to be heard and when. Others tell low sounds
from high ones, or give the same scores whatever they hear.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
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

PITCH_SPEC = replace(
    WINDOW_SPEC,
    name="pitch",
    labels=("low", "high", "unknown", "silence"),
    thresholds={"low": 0.7, "high": 0.7},
)
"""Two words; which is the wake word is for the test to say."""
LARGER_SPEC = replace(
    PITCH_SPEC,
    name="larger",
    labels=("silence", "high", "low", "unknown"),
    frontend=FrontendSpec(n_mels=16, n_mfcc=0, win_length=400),
    n_frames=30,
    hop_ms=200,
)
"""The same words, with another front end, window and order of labels."""

_LOUDNESS = np.float32(-4.0)
"""Mean of ln(power) over the bands that parts loud from not loud."""

Weights: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""What makes scores of the mean over the frames: (matrix [n_features, n_labels], bias)."""


def loudness(spec: ModelSpec, n_outputs: int = 3) -> Weights:
    """Return weights whose first score is for loud sounds and whose third is for silence."""
    n_features = spec.frontend.n_features
    to_level = np.zeros((n_features, n_outputs), np.float32)
    to_level[0] = np.array([1.0, 0.0, -1.0, 0.0, 0.0][:n_outputs]) / np.sqrt(n_features)
    return to_level, np.array([-1.0, 0.0, 1.0, 0.0, 0.0][:n_outputs], np.float32) * _LOUDNESS


def pitch(spec: ModelSpec) -> Weights:
    """Return weights that hear ``low`` in sounds below 1 kHz and ``high`` in those above 2 kHz."""
    frontend = spec.frontend
    n = frontend.n_features
    tilt = np.where(np.arange(n) < n / 2, 1.0, -1.0) / n
    if frontend.n_mfcc:
        tilt = 0.3 * np.eye(n)[1]
    columns = {"low": tilt, "high": -tilt}
    matrix = np.stack([columns.get(x, 0 * tilt) for x in spec.labels], axis=1)
    return matrix.astype(np.float32), np.array(
        [4.0 * (x == "silence") for x in spec.labels], np.float32
    )


def always(spec: ModelSpec, label: str) -> Weights:
    """Return weights that give one label nearly all, whatever is heard."""
    matrix = np.zeros((spec.frontend.n_features, len(spec.labels)), np.float32)
    return matrix, np.array([20.0 * (x == label) for x in spec.labels], np.float32)


def write_model(
    path: Path,
    spec: ModelSpec = WINDOW_SPEC,
    metadata: str | None = "spec",
    weights: Weights | None = None,
) -> Path:
    """Write a model that fits ``spec``; ``metadata`` replaces or (None) leaves out the JSON."""
    to_level, bias = weights or loudness(spec)
    n_features, n_outputs = to_level.shape
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
