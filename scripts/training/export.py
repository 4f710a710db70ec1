"""From trained weights to the files that are served: float32 ONNX and INT8 QDQ ONNX."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.quantize.finish import finish
from edge_daemon.quantize.methods import Method, apply
from edge_daemon.quantize.prepare import prepare
from edge_daemon.types import ModelSpec

OPSET = 17


class Scorer(nn.Module):
    """The network with the softmax that makes scores of its logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network

    def forward(self, features: Tensor) -> Tensor:
        """[shape=(n, n_frames, n_features)] -> [shape=(n, n_labels)], sums to 1."""
        return torch.softmax(self._network(features), dim=1)


def export_float(network: nn.Module, spec: ModelSpec, path: Path) -> None:
    """Write the network as float32 ONNX, with its metadata and no traces of this machine."""
    example = torch.zeros(1, spec.n_frames, spec.frontend.n_features)
    torch.onnx.export(
        Scorer(network).eval(), (example,), path, input_names=["features"],
        output_names=["scores"], opset_version=OPSET, dynamo=False,
        dynamic_axes={"features": {0: "n"}, "scores": {0: "n"}},
    )  # fmt: skip
    _finish(path, spec)


def export_int8(
    float_path: Path, features: np.ndarray[Any, Any], spec: ModelSpec, path: Path
) -> None:
    """Write INT8 static QDQ: activations U8, weights S8 per channel, the softmax in float32.

    features : calibration inputs [shape=(n, n_frames, n_features), dtype=float32]
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        prepare(float_path, prepared)
        apply(
            Method(kind="static", calibration="percentile", percentile=99.995),
            prepared,
            features,
            path,
        )
    _finish(path, spec)


def _finish(path: Path, spec: ModelSpec) -> None:
    finish(path, {METADATA_KEY: spec_to_json(spec)})
