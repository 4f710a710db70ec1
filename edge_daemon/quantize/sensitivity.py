"""Which layers lose most by being quantized: those that a mixed model keeps in float32."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_daemon.errors import ModelError
from edge_daemon.quantize.methods import Array, Method, apply
from edge_daemon.quantize.prepare import weighted_nodes
from edge_daemon.quantize.served import Served

_N_INPUTS = 48
"""So many tell which layers stand out; the accuracy itself is measured on all."""


def errors_of_layers(
    prepared: Path, calibration: Array, method: Method
) -> Iterator[tuple[str, float]]:  # fmt: skip
    """Yield each layer with weights, and how far the scores move when it alone is quantized.

    Only inputs for the calibration are looked at: the others are for the judge.

    Returns
    -------
    iterator of (name of the node, root of the mean squared difference of the scores)
    """
    x = calibration[:_N_INPUTS]
    expected = Served(prepared).answers(x)
    alone = prepared.with_name("one-layer.onnx")
    for node in weighted_nodes(prepared):
        apply(method, prepared, x, alone, only=(node,))
        yield node, _error(alone, x, expected)
    alone.unlink(missing_ok=True)


def _error(model: Path, x: Array, expected: Array) -> float:
    try:
        return float(np.sqrt(np.mean((Served(model).answers(x) - expected) ** 2)))
    except ModelError:
        return float("inf")  # no numbers: nothing is more sensitive


def most_sensitive_first(errors: dict[str, float]) -> tuple[str, ...]:
    """Return the layers in the order in which they shall stay in float32."""
    return tuple(sorted(errors, key=lambda node: -errors[node]))
