"""From a model file to scores: windowed and streaming models behind one protocol."""

from __future__ import annotations

import logging

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model.file import resolve
from edge_daemon.model.keyword import KeywordModel, LoadedModel, differences
from edge_daemon.types import ModelSpec

__all__ = [
    "KeywordModel",
    "LoadedModel",
    "differences",
    "hop_frames",
    "load_model",
    "open_model",
    "runtime_version",
]

_LOG = logging.getLogger(__name__)


def load_model(config: ModelConfig, runtime: RuntimeConfig) -> LoadedModel:
    """Open the model of the configuration, ready to score, and warn of what does not serve it.

    Raises
    ------
    ModelError
        When the file is missing, damaged, or at odds with its metadata, and when no provider of
        the configuration serves it.
    """
    model = open_model(config, runtime)
    for line in model.obtained.refused:
        _LOG.warning("not served by %s", line)
    _LOG.debug("%s", model.obtained)
    return model


def open_model(config: ModelConfig, runtime: RuntimeConfig) -> LoadedModel:
    """Do the same and say nothing.

    Raises
    ------
    ModelError
    """
    from edge_daemon.model.providers.ladder import serve
    from edge_daemon.model.stream import StreamModel
    from edge_daemon.model.window import WindowModel

    serving = serve(resolve(config.path), config.variant, runtime)
    spec = serving.spec
    hop_frames(config, spec)
    kind = StreamModel if spec.kind == "stream" else WindowModel
    return kind(serving.session, spec, serving.obtained)


def hop_frames(config: ModelConfig, spec: ModelSpec) -> int:
    """Return how many frames come between two scores.

    Raises
    ------
    ModelError
        When ``model.hop_ms`` does not fit the model.
    """
    frontend = spec.frontend
    frame_ms = 1000.0 * frontend.hop_length / frontend.sample_rate_hz
    hop_ms = config.hop_ms or spec.hop_ms
    frames = round(hop_ms / frame_ms)
    if frames < 1 or abs(frames * frame_ms - hop_ms) > 1e-6:
        raise ModelError(f"model.hop_ms: {hop_ms} is no multiple of the model's {frame_ms:g} ms")
    if spec.kind == "stream" and frames != spec.n_frames:
        needed = spec.n_frames * frame_ms
        raise ModelError(f"model.hop_ms: {hop_ms}; this streaming model takes {needed:g} ms only")
    if frames > spec.n_frames:
        raise ModelError(f"model.hop_ms: {hop_ms} is longer than the model's window")
    return frames


def runtime_version() -> str:
    """Return the version of onnxruntime that serves models here."""
    from edge_daemon.model.session import RUNTIME_VERSION

    return RUNTIME_VERSION
