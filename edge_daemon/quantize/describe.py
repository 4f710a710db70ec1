"""Makes a model of elsewhere one that the daemon can serve: its names, its shape, its metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from edge_daemon.errors import EdgeDaemonError, ModelError
from edge_daemon.model.file import METADATA_KEY, spec_to_json
from edge_daemon.model.fit import check_session
from edge_daemon.model.session import FEATURES, SCORES, session_of
from edge_daemon.quantize.inputs import fit_shape, rows_of
from edge_daemon.quantize.served import Served
from edge_daemon.types import FrontendSpec, ModelSpec

_HOP_MS = 100
"""About the time between two scores: often enough, and cheap."""
_SMOOTH_MS = 300
_NOT_SAID = "not said"
_INNER, _SHAPE = "inner.", "features_shape"


def describe(path: Path, name: str, labels: tuple[str, ...], frontend: FrontendSpec) -> None:
    """Rewrite a float model in place so that the daemon can serve it.

    The input becomes ``features`` [n, n_frames, n_features] and is reshaped to what the model
    takes; the output becomes ``scores``, through a softmax where it is no probabilities.

    Raises
    ------
    ModelError
        When labels and front end do not fit the model.
    """
    served = Served(path)
    spec = _spec(name, labels, frontend, _n_frames(served, frontend))
    last = "Identity" if _gives_probabilities(served) else "Softmax"
    model = _with_ends(onnx.load(path), served.shape, spec, last)
    helper.set_model_props(model, {METADATA_KEY: spec_to_json(spec)})
    onnx.save(model, path)
    check_session(session_of(path, threads=1), spec, path)


def _n_frames(served: Served, frontend: FrontendSpec) -> int:
    where = str(served.path)
    try:
        n_frames = rows_of(served.shape, frontend, where)
        fit_shape(np.zeros((1, n_frames, frontend.n_features), np.float32), served.shape, where)
    except EdgeDaemonError as error:
        raise ModelError(str(error)) from None
    return n_frames


def _spec(
    name: str, labels: tuple[str, ...], frontend: FrontendSpec, n_frames: int
) -> ModelSpec:  # fmt: skip
    return ModelSpec(
        name=name, kind="window", labels=labels, frontend=frontend, n_frames=n_frames,
        hop_ms=_hop_ms(frontend), smooth_ms=_SMOOTH_MS, thresholds={},
        training_data=_NOT_SAID, licence=_NOT_SAID,
    )  # fmt: skip


def _hop_ms(frontend: FrontendSpec) -> int:
    """Return the whole number of milliseconds, and of frames, that is nearest to the usual."""
    frames = range(1, 1 + _HOP_MS * 10)
    hops = (1000 * n * frontend.hop_length / frontend.sample_rate_hz for n in frames)
    whole = [round(hop_ms) for hop_ms in hops if hop_ms.is_integer()]
    if not whole:
        raise ModelError(
            f"hop_length {frontend.hop_length} at {frontend.sample_rate_hz} Hz: no number of "
            "frames takes whole milliseconds"
        )
    return min(whole, key=lambda hop_ms: abs(hop_ms - _HOP_MS))


def _with_ends(model: onnx.ModelProto, shape: tuple[int, ...], spec: ModelSpec, last: str) -> Any:
    """Return the model between a reshape and a last operator, its own names out of the way."""
    inner = compose.add_prefix(model, _INNER, rename_nodes=False)
    graph = inner.graph
    weights = {tensor.name for tensor in graph.initializer}
    taken = next(value for value in graph.input if value.name not in weights)
    batch = taken.type.tensor_type.shape.dim[0]
    n: int | str = batch.dim_value if batch.HasField("dim_value") else "n"
    old_input, old_output = taken.name, graph.output[0].name
    graph.initializer.append(numpy_helper.from_array(np.array([-1, *shape]), _SHAPE))
    graph.node.insert(0, helper.make_node("Reshape", [FEATURES, _SHAPE], [old_input]))
    graph.node.append(helper.make_node(last, [old_output], [SCORES]))
    frames = [n, spec.n_frames, spec.frontend.n_features]
    taken.CopyFrom(helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, frames))
    scores = helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, [n, len(spec.labels)])
    del graph.output[:]
    graph.output.append(scores)
    return inner


def _gives_probabilities(served: Served) -> bool:
    levels = (np.full((1, *served.shape), level, np.float32) for level in (-1.0, 0.0, 1.0))
    scores = np.concatenate([served.answers(x) for x in levels])
    return bool(scores.min() >= 0.0 and np.abs(scores.sum(axis=1) - 1.0).max() < 1e-3)
