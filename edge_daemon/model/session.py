"""Opens an ONNX file with onnxruntime and holds it to its metadata."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edge_daemon.config import RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model.file import METADATA_KEY, spec_from_json
from edge_daemon.model.library import onnxruntime
from edge_daemon.model.providers.settings import Settings, settings_for
from edge_daemon.types import Features, ModelSpec, Scores

Session: TypeAlias = Any  # onnxruntime has no type information
States: TypeAlias = dict[str, Any]

RUNTIME_VERSION: str = onnxruntime.__version__
FEATURES = "features"
SCORES = "scores"
_FLOAT32 = "tensor(float)"
_ERRORS_ONLY = 3
_NOTHING = 4
_ROUNDING = 0.1
"""A quantised softmax sums to 1 only about."""


def spec_of(session: Session, path: Path) -> ModelSpec:
    """Return the model's own description.

    Raises
    ------
    ModelError
        When there is none, or it cannot be right.
    """
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{path}: the model has no metadata {METADATA_KEY!r} (labels, front end, kind); "
            "write it with edge_daemon.model.file.spec_to_json, as docs/models/metadata.md shows"
        )
    return spec_from_json(text, str(path))


def check_session(session: Session, spec: ModelSpec, path: Path) -> None:
    """Hold a session to the model's description, with two inferences.

    Raises
    ------
    ModelError
        When they do not fit each other.
    """
    _check_interface(session, spec, path)
    _check_scores(session, spec, path)


def session_of(path: Path, threads: int) -> Session:
    """Open a file as the CPU serves it, whatever it takes and gives.

    Raises
    ------
    ModelError
        When onnxruntime cannot load it.
    """
    return open_session(path, settings_for("cpu", RuntimeConfig(threads=threads)))


def open_session(path: Path, settings: Settings) -> Session:
    """Open a file with these settings, whatever it takes and gives.

    Raises
    ------
    ModelError
        When onnxruntime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = settings.arena
    for key, value in settings.entries.items():
        options.add_session_config_entry(key, value)
    is_cpu = settings.providers == Settings().providers
    try:
        with _heard(_ERRORS_ONLY if is_cpu else _NOTHING):
            # without enable_fallback=0 it prints to stdout what it could not load, and goes on
            return onnxruntime.InferenceSession(
                str(path), options, providers=list(settings.providers), enable_fallback=0
            )
    except Exception as error:  # onnxruntime's own classes have no common root
        raise ModelError(f"{path}: {_refusal(path, is_cpu)}: {first_line(error)}") from None


def _refusal(path: Path, is_cpu: bool) -> str:
    runtime = f"onnxruntime {onnxruntime.__version__}"
    if not is_cpu:
        return f"{runtime} cannot open it with this provider"
    return f"not a model that {runtime} can load ({path.stat().st_size} bytes)"


@contextlib.contextmanager
def _heard(severity: int) -> Iterator[None]:
    """Keep onnxruntime from writing to stderr what is then told in our own words."""
    onnxruntime.set_default_logger_severity(severity)
    try:
        yield
    finally:
        onnxruntime.set_default_logger_severity(_ERRORS_ONLY)


def first_line(error: Exception) -> str:
    """Return what an error of onnxruntime says before its details."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _check_interface(session: Session, spec: ModelSpec, path: Path) -> None:
    """Compare what the graph declares with the metadata."""
    inputs = {i.name: i for i in session.get_inputs()}
    outputs = {o.name: o for o in session.get_outputs()}
    if FEATURES not in inputs or SCORES not in outputs:
        raise ModelError(
            f"{path}: needs an input {FEATURES!r} and an output {SCORES!r}; "
            f"has {', '.join(inputs)} and {', '.join(outputs)}"
        )
    declared = inputs.pop(FEATURES).shape
    expected = [1, spec.n_frames, spec.frontend.n_features]
    differs = [d for d, e in zip(declared, expected, strict=False) if isinstance(d, int) and d != e]
    if len(declared) != 3 or differs:
        raise ModelError(f"{path}: input is {declared}, its metadata says {expected}")
    if inputs and spec.kind == "window":
        raise ModelError(
            f"{path}: a `window` model has the input {FEATURES!r} only, "
            f"this one also {', '.join(inputs)}; a model with states is of kind `stream`"
        )
    _check_declared_states(inputs, outputs, path)
    for node in (*inputs.values(), outputs[SCORES], *(outputs[f"{n}_next"] for n in inputs)):
        if node.type != _FLOAT32:
            raise ModelError(f"{path}: {node.name!r} is {node.type}; float32 is needed")


def _check_declared_states(inputs: dict[str, Any], outputs: Iterable[str], path: Path) -> None:
    for name, node in inputs.items():
        if f"{name}_next" not in outputs or not all(isinstance(d, int) for d in node.shape):
            raise ModelError(
                f"{path}: the state {name!r} {node.shape} needs a fixed shape "
                f"and an output '{name}_next'"
            )


def _check_scores(session: Session, spec: ModelSpec, path: Path) -> None:
    """Hold two inferences, the second on the states of the first, to what the metadata says."""
    shape = (1, spec.n_frames, spec.frontend.n_features)
    try:
        states = initial_states(session)
        shapes = {name: state.shape for name, state in states.items()}
        for level in (0.0, 1.0):
            scores, states = infer(session, np.full(shape, level, np.float32), states)
            _check_probabilities(scores, spec, path)
            _check_states(states, shapes, path)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{path}: a first inference failed: {first_line(error)}") from None


def _check_probabilities(scores: Scores, spec: ModelSpec, path: Path) -> None:
    if scores.shape != (1, len(spec.labels)):
        raise ModelError(
            f"{path}: scores are {list(scores.shape)}, "
            f"its metadata names {len(spec.labels)} labels: {', '.join(spec.labels)}"
        )
    if not np.isfinite(scores).all():
        raise ModelError(f"{path}: scores of a first inference are not finite numbers")
    if scores.min() < 0 or abs(scores.sum() - 1) > _ROUNDING:
        raise ModelError(
            f"{path}: scores are not probabilities; add a softmax "
            f"(from {scores.min():.3g} to {scores.max():.3g}, sum {scores.sum():.3g})"
        )


def _check_states(states: States, shapes: dict[str, tuple[int, ...]], path: Path) -> None:
    for name, state in states.items():
        if state.shape != shapes[name]:
            raise ModelError(
                f"{path}: the state {name!r} is {list(shapes[name])}, "
                f"but '{name}_next' is {list(state.shape)}"
            )
        if not np.isfinite(state).all():
            raise ModelError(f"{path}: '{name}_next' of a first inference is not finite")


def initial_states(session: Session) -> States:
    """Return zeros for every input that is a state."""
    return {
        node.name: np.zeros(node.shape, np.float32)
        for node in session.get_inputs()
        if node.name != FEATURES
    }


def infer(session: Session, features: Features, states: States) -> tuple[Scores, States]:
    """Run the model once.

    Parameters
    ----------
    features : Features [shape=(1, n_frames, n_features), dtype=float32]
    states : dict of ndarray, by name; none for a model without states

    Returns
    -------
    Scores [shape=(1, n_labels), dtype=float32]
    dict of ndarray
        The states that the next inference takes.
    """
    outputs = [SCORES, *(f"{name}_next" for name in states)]
    scores, *following = session.run(outputs, {FEATURES: features, **states})
    return scores, dict(zip(states, following, strict=True))
