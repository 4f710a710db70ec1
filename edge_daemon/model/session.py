"""Opens an ONNX file with onnxruntime and holds it to its metadata."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

# before the import: else onnxruntime >= 1.29 writes a device id, starts a thread and uploads
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime

from edge_daemon.errors import ModelError
from edge_daemon.model.file import METADATA_KEY, spec_from_json
from edge_daemon.types import ModelSpec

Session: TypeAlias = Any  # onnxruntime has no type information

FEATURES = "features"
SCORES = "scores"
_ERRORS_ONLY = 3


def open_session(path: Path, threads: int) -> tuple[Session, ModelSpec]:
    """Return an inference session and the model's own description.

    Raises
    ------
    ModelError
        When the file is no ONNX model, has no metadata, or does not fit it.
    """
    session = _session(path, threads)
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{path}: the model has no metadata {METADATA_KEY!r} (labels, front end, kind); "
            "write it with edge_daemon.model.file.spec_to_json, as docs/models/metadata.md shows"
        )
    spec = spec_from_json(text, str(path))
    _check_shapes(session, spec, path)
    return session, spec


def _session(path: Path, threads: int) -> Session:
    onnxruntime.set_default_logger_severity(_ERRORS_ONLY)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = False
    # spinning threads are the largest waste of power there is
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )  # fmt: skip
    except Exception as error:  # onnxruntime's own classes have no common root
        reason = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{path}: not a model that onnxruntime {onnxruntime.__version__} can load "
            f"({path.stat().st_size} bytes): {reason}"
        ) from None


def _check_shapes(session: Session, spec: ModelSpec, path: Path) -> None:
    """Compare inputs and outputs with the metadata, first as declared, then by one inference."""
    inputs = {i.name: i.shape for i in session.get_inputs()}
    outputs = [o.name for o in session.get_outputs()]
    expected = [1, spec.n_frames, spec.frontend.n_features]
    if FEATURES not in inputs or SCORES not in outputs:
        raise ModelError(
            f"{path}: needs an input {FEATURES!r} and an output {SCORES!r}; "
            f"has {', '.join(inputs)} and {', '.join(outputs)}"
        )
    declared = inputs[FEATURES]
    differs = [d for d, e in zip(declared, expected, strict=False) if isinstance(d, int) and d != e]
    if len(declared) != 3 or differs:
        raise ModelError(f"{path}: input is {declared}, its metadata says {expected}")
    feed = {FEATURES: np.zeros(expected, np.float32), **initial_states(session, path)}
    try:
        scores = session.run([SCORES], feed)[0]
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise ModelError(f"{path}: a first inference failed: {reason}") from None
    if scores.shape != (1, len(spec.labels)):
        raise ModelError(
            f"{path}: scores are {list(scores.shape)}, "
            f"its metadata names {len(spec.labels)} labels: {', '.join(spec.labels)}"
        )
    if not np.isfinite(scores).all():
        raise ModelError(f"{path}: scores of a first inference are not finite numbers")


def initial_states(session: Session, path: Path | str = "model") -> dict[str, Any]:
    """Return zeros for every input that is a state.

    Raises
    ------
    ModelError
        When a state has no fixed shape, or no output ``NAME_next`` that follows it.
    """
    outputs = {o.name for o in session.get_outputs()}
    states: dict[str, Any] = {}
    for node in session.get_inputs():
        if node.name == FEATURES:
            continue
        if f"{node.name}_next" not in outputs or not all(isinstance(d, int) for d in node.shape):
            raise ModelError(
                f"{path}: the state {node.name!r} {node.shape} needs a fixed shape "
                f"and an output '{node.name}_next'"
            )
        states[node.name] = np.zeros(node.shape, np.float32)
    return states
