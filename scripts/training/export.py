"""From trained weights to the files that are served: float32 ONNX and INT8 QDQ ONNX."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from add_self_test import add_self_test
from edge_daemon.errors import ModelError
from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.quantize.finish import finish
from edge_daemon.quantize.methods import Method, apply
from edge_daemon.quantize.prepare import prepare
from edge_daemon.types import UNKNOWN, ModelSpec

OPSET = 17


class Scorer(nn.Module):
    """The network with the softmax that makes scores of its logits, each moved by an offset."""

    offsets: Tensor

    def __init__(self, network: nn.Module, offsets: Tensor) -> None:
        super().__init__()
        self._network = network
        self.register_buffer("offsets", offsets)

    def forward(self, features: Tensor) -> Tensor:
        """[shape=(n, n_frames, n_features)] -> [shape=(n, n_labels)], sums to 1."""
        return torch.softmax(self._network(features) + self.offsets, dim=1)


def export_float(network: nn.Module, unknown_offset: float, spec: ModelSpec, path: Path) -> None:
    """Write the network as float32 ONNX, with its metadata and no traces of this machine.

    unknown_offset : added to the logit of ``unknown``
    """
    example = torch.zeros(1, spec.n_frames, spec.frontend.n_features)
    offsets = torch.tensor([unknown_offset * (label == UNKNOWN) for label in spec.labels])
    torch.onnx.export(
        Scorer(network, offsets).eval(), (example,), path, input_names=["features"],
        output_names=["scores"], opset_version=OPSET, dynamo=False,
        dynamic_axes={"features": {0: "n"}, "scores": {0: "n"}},
    )  # fmt: skip
    _finish(path, spec)


def export_int8(
    float_path: Path, features: np.ndarray[Any, Any], spec: ModelSpec, path: Path
) -> None:
    """Write INT8 static QDQ: activations U8, weights S8 per channel.

    What makes scores of the logits stays float32, and what makes features of features.

    features : calibration inputs [shape=(n, n_frames, n_features), dtype=float32]
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        prepare(float_path, prepared)
        kept = _kept_float(onnx.load(prepared).graph)
        method = Method(
            kind="static", calibration="percentile", percentile=99.995, keep_float=tuple(kept)
        )
        apply(method, prepared, features, path)
    _finish(path, spec)


def _kept_float(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes after the logits, and of the maps before the convolutions."""
    constants = {tensor.name for tensor in graph.initializer}
    after_logits: set[str] = set()
    kept = []
    for node in graph.node:
        is_after = not after_logits.isdisjoint(node.input)
        is_map = node.op_type in ("MatMul", "Add") and not constants.isdisjoint(node.input)
        if is_after or node.op_type == "Gemm":
            after_logits.update(node.output)
        if is_after or is_map:
            kept.append(node.name)
    return kept


def _finish(path: Path, spec: ModelSpec) -> None:
    """Write the metadata, with a self-test where the model knows the words of the demo."""
    finish(path, {METADATA_KEY: spec_to_json(spec)})
    try:
        add_self_test(path)
    except ModelError as error:
        print(f"{path}: carries no self-test: {error}")
