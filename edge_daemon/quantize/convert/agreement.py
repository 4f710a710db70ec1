"""Whether the ONNX file answers as the model does that it was made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from edge_daemon.errors import ModelError
from edge_daemon.quantize.convert.child import named
from edge_daemon.quantize.convert.messages import Request
from edge_daemon.quantize.convert.written import batch_of
from edge_daemon.quantize.served import Served

Array: TypeAlias = npt.NDArray[np.float32]
Answer: TypeAlias = Callable[[Array], Array]
"""The original: [shape=(n, *input_shape)] -> [shape=(n, n_labels)]."""

MOST = 1e-3
"""What an output may differ by, relative to the largest one."""
_N_DRAWS = 4


def largest_difference(request: Request, original: Answer) -> float:
    """Return by how much the written file answers otherwise, relative to the largest answer.

    Both are asked about the same random inputs, one by one and, where the file takes that, three
    at once.

    Raises
    ------
    ModelError
        When they differ by more than `MOST`, or do not answer with numbers.
    """
    path = Path(request.out)
    served = Served(path)
    sizes = (1,) if batch_of(onnx.load(path)) == 1 else (1, 3)
    rng = np.random.default_rng(1)
    found = 0.0
    for n in sizes * _N_DRAWS:
        x = rng.standard_normal((n, *served.shape)).astype(np.float32)
        with named(f"{request.model}: it cannot answer an input of {x.shape}"):
            expected = np.asarray(original(x))
        with named(f"{request.model}: converted to ONNX, it cannot answer an input of {x.shape}"):
            answered = served.run(x)
        found = max(found, _difference(expected, answered, request.model))
    if found > MOST:
        raise ModelError(
            f"{request.model}: converted to ONNX, it answers otherwise: outputs differ by up to "
            f"{found:.2g} of the largest one, {MOST:g} is allowed"
        )
    return found


def _difference(expected: Array, answered: Array, name: str) -> float:
    if expected.shape != answered.shape:
        raise ModelError(
            f"{name}: answers with {expected.shape}, converted to ONNX with {answered.shape}"
        )
    if not np.isfinite(expected).all():
        n = int((~np.isfinite(expected)).sum())
        raise ModelError(
            f"{name}: {n} of {expected.size} outputs are not finite numbers on random input"
        )
    if not np.isfinite(answered).all():
        raise ModelError(f"{name}: converted to ONNX, its outputs are not finite numbers")
    return float(np.abs(answered - expected).max() / (np.abs(expected).max() or 1.0))
