"""Hands out the inputs that a calibration finds the ranges of activations with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx

from edge_daemon.quantize.methods import Array

_SEEN_BYTES = 512 << 20
"""Values between the layers that are held at once."""


class Feed:
    """Hands out calibration inputs one by one, so many before the values seen are summed up."""

    def __init__(self, prepared: Path, calibration: Array) -> None:
        model = onnx.load(prepared)
        self.softmax = [n.name for n in model.graph.node if n.op_type == "Softmax"]
        self.stride = max(1, min(len(calibration), _SEEN_BYTES // _activation_bytes(model)))
        self._input = model.graph.input[0].name
        self._inputs = calibration
        self._left: Iterator[Array] = iter(calibration)

    def __len__(self) -> int:
        """Return a multiple of the stride; what is not there is not handed out."""
        return self.stride * math.ceil(len(self._inputs) / self.stride)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Go on with these."""
        self._left = iter(self._inputs[start_index:end_index])

    def get_next(self) -> dict[str, Array] | None:
        """Return the next input; None at the end."""
        x = next(self._left, None)
        return None if x is None else {self._input: x[None]}


def _activation_bytes(model: Any) -> int:
    """Return what the values between the layers take for one input."""
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    shapes = ([d.dim_value or 1 for d in v.type.tensor_type.shape.dim] for v in values)
    return 4 * sum(map(math.prod, shapes)) or 1
