"""Holds an open model to what it says of itself."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from edge_daemon.errors import ModelError
from edge_daemon.model.file import printable
from edge_daemon.model.session import (
    FEATURES,
    SCORES,
    Session,
    States,
    first_line,
    infer,
    initial_states,
)
from edge_daemon.types import ModelSpec, Scores

MAX_STATE_VALUES = 1 << 22
"""16 MiB; a streaming model of this kind of task has a few thousand."""
_FLOAT32 = "tensor(float)"
_ROUNDING = 0.1
"""A quantised softmax sums to 1 only about."""


def check_session(session: Session, spec: ModelSpec, path: Path) -> None:
    """Hold a session to the model's description, with two inferences.

    Raises
    ------
    ModelError
        When they do not fit each other.
    """
    _check_interface(session, spec, path)
    _check_scores(session, spec, path)


def _check_interface(session: Session, spec: ModelSpec, path: Path) -> None:
    """Compare what the graph declares with the metadata."""
    inputs = {i.name: i for i in session.get_inputs()}
    outputs = {o.name: o for o in session.get_outputs()}
    if FEATURES not in inputs or SCORES not in outputs:
        raise ModelError(
            f"{path}: needs an input {FEATURES!r} and an output {SCORES!r}; "
            f"has {printable(', '.join(inputs))} and {printable(', '.join(outputs))}"
        )
    declared = inputs.pop(FEATURES).shape
    expected = [1, spec.n_frames, spec.frontend.n_features]
    differs = [d for d, e in zip(declared, expected, strict=False) if isinstance(d, int) and d != e]
    if len(declared) != 3 or differs:
        raise ModelError(f"{path}: input is {declared}, its metadata says {expected}")
    if inputs and spec.kind == "window":
        raise ModelError(
            f"{path}: a `window` model has the input {FEATURES!r} only, "
            f"this one also {printable(', '.join(inputs))}; a model with states is of kind `stream`"
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
        if math.prod(node.shape) > MAX_STATE_VALUES:
            raise ModelError(
                f"{path}: the state {name!r} {node.shape} is larger than {MAX_STATE_VALUES} values"
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
