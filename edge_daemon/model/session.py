"""Opens an ONNX file with onnxruntime, reads its metadata, and computes with it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from edge_daemon.config import RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model.contents import read_model
from edge_daemon.model.file import METADATA_KEY, printable, spec_from_json
from edge_daemon.model.library import onnxruntime
from edge_daemon.model.providers.settings import Settings, settings_for
from edge_daemon.types import Features, ModelSpec, Scores

_LOG = logging.getLogger(__name__)

Session: TypeAlias = Any  # onnxruntime has no type information
States: TypeAlias = dict[str, Any]

RUNTIME_VERSION: str = onnxruntime.__version__
FEATURES = "features"
SCORES = "scores"
_WEIGHTS_FOLDER = "session.model_external_initializers_file_folder_path"
_ERRORS_ONLY = 3
_NOTHING = 4


def spec_of(session: Session, path: Path) -> ModelSpec:
    """Return the model's own description.

    Raises
    ------
    ModelError
        When there is none, or it cannot be right.
    """
    text = metadata_of(session, path).get(METADATA_KEY)
    if text is None:
        raise ModelError(
            f"{path}: the model has no metadata {METADATA_KEY!r} (labels, front end, kind); "
            "write it with edge_daemon.model.file.spec_to_json, as docs/models/metadata.md shows"
        )
    return spec_from_json(text, str(path))


def metadata_of(session: Session, path: Path) -> dict[str, str]:
    """Return the entries of a model's metadata.

    Raises
    ------
    ModelError
        When they are no text.
    """
    try:
        metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError:
        raise ModelError(f"{path}: bad metadata: it is no text") from None
    return metadata


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
        When it is damaged, names files elsewhere, or onnxruntime cannot load it.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.enable_cpu_mem_arena = settings.arena
    for key, value in settings.entries.items():
        options.add_session_config_entry(key, value)
    model = read_model(path)
    if not model.is_sealed:
        _LOG.debug("%s: carries no checksum; damage to it would show only in what it does", path)
    if model.has_weights_beside:
        options.add_session_config_entry(_WEIGHTS_FOLDER, str(path.absolute().parent))
    is_cpu = settings.providers == Settings().providers
    try:
        with _heard(_ERRORS_ONLY if is_cpu else _NOTHING):
            session = onnxruntime.InferenceSession(
                model.data,  # what was looked at, and not what the file holds by now
                options,
                providers=list(settings.providers),
                enable_fallback=0,  # else it prints to stdout what it could not load, and goes on
            )
    except Exception as error:  # onnxruntime's own classes have no common root
        n_bytes = len(model.data)
        raise ModelError(f"{path}: {_refusal(n_bytes, is_cpu)}: {first_line(error)}") from None
    session._model_bytes = None  # it keeps them to open the model once more, which is never asked
    return session


def _refusal(n_bytes: int, is_cpu: bool) -> str:
    runtime = f"onnxruntime {onnxruntime.__version__}"
    if not is_cpu:
        return f"{runtime} cannot open it with this provider"
    return f"not a model that {runtime} can load ({n_bytes} bytes)"


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
    return printable(lines[0]) if lines else type(error).__name__


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
