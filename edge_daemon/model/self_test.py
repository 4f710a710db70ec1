"""A stored input and its scores, which tell whether a provider computes the model right.

They are a JSON object under the key ``edge_daemon.self_test`` of the ONNX file's
``metadata_props``, beside the model's description, and hold for that file alone.
"""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from edge_daemon.errors import ModelError
from edge_daemon.model.file import printable
from edge_daemon.model.session import first_line, infer, initial_states, metadata_of
from edge_daemon.types import Features, ModelSpec, Scores

SELF_TEST_KEY = "edge_daemon.self_test"
TOLERANCE = 0.05
"""Of each score. The shipped INT8 models differ by 0.0006 between x86 and emulated Cortex cores, and
by 0.009 between the CPU and OpenVINO where a word is heard (0.048 where none is); a kernel that is
wrong gives other words."""
DECISIVE = 0.9
"""The least score of the stored input's word: what is undecided proves nothing."""
_MAX_BYTES = 1 << 20
_LEVELS = 15
"""Of each sign: coarse, because a smooth input is not needed, and compresses well."""


class _Stored(msgspec.Struct, frozen=True):
    scale: Annotated[float, msgspec.Meta(gt=0)]
    """Value of one step of the features."""
    features: str
    """Steps as int8, row by row, zlib, base64."""
    scores: list[float]


class SelfTest(msgspec.Struct, frozen=True):
    """What goes in and what has to come out."""

    features: Any
    """Features [shape=(n_frames, n_features)]; of a streaming model several chunks."""
    scores: Any
    """Scores after the last frame [shape=(n_labels,)]."""


def make(session: Any, spec: ModelSpec, features: Features) -> str:
    """Return the metadata for a model that is open, from the features of one of its words.

    The input is stored coarsely; the scores are those of what is stored.

    Raises
    ------
    ModelError
        When the model is undecided about it, or hears no word.
    """
    scale = float(np.abs(features).max()) / _LEVELS or 1.0
    steps = np.round(features / scale).astype(np.int8)
    scores = last_scores(session, spec, _features(steps, scale))
    label = spec.labels[int(scores.argmax())]
    if label not in spec.words or scores.max() < DECISIVE:
        raise ModelError(
            f"no input for a self-test: {spec.name} gives {label} {scores.max():.2f}; "
            f"a word with {DECISIVE} or more is needed"
        )
    packed = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
    stored = _Stored(scale=scale, features=packed, scores=[round(float(s), 5) for s in scores])
    return msgspec.json.encode(stored).decode()


def read(session: Any, spec: ModelSpec, path: Path) -> SelfTest | None:
    """Return the self-test of a model that is open; None where it carries none.

    Raises
    ------
    ModelError
        When it does not fit the model.
    """
    text = metadata_of(session, path).get(SELF_TEST_KEY)
    if text is None:
        return None
    try:
        return _decoded(text, spec)
    except (zlib.error, ValueError) as error:
        why = printable(str(error))
        raise ModelError(f"{path}: bad metadata {SELF_TEST_KEY!r}: {why}") from None


def check(test: SelfTest, session: Any, spec: ModelSpec, path: Path) -> None:
    """Score the stored input and compare.

    Raises
    ------
    ModelError
        When a score is another one, or none.
    """
    try:
        scores = last_scores(session, spec, test.features)
    except Exception as error:  # of a provider, such as no memory left on its GPU
        raise ModelError(f"{path}: the self-test failed: {first_line(error)}") from None
    worst = int(np.abs(scores - test.scores).argmax())  # of NaN the first
    if not abs(scores[worst] - test.scores[worst]) <= TOLERANCE:
        raise ModelError(
            f"{path}: the self-test gives other scores than it should: {spec.labels[worst]} "
            f"{scores[worst]:.3f} instead of {test.scores[worst]:.3f}"
        )


def renewed(text: str, session: Any, spec: ModelSpec) -> str | None:
    """Return the metadata with the scores of another file of the model; None if undecided or damaged."""
    try:
        return make(session, spec, _decoded(text, spec).features)
    except (zlib.error, ValueError):  # a ModelError is one
        return None


def _decoded(text: str, spec: ModelSpec) -> SelfTest:
    stored = msgspec.json.decode(text, type=_Stored)
    packed = base64.b64decode(stored.features, validate=True)
    steps = np.frombuffer(zlib.decompressobj().decompress(packed, _MAX_BYTES), np.int8)
    chunk = spec.n_frames * spec.frontend.n_features
    if len(steps) == 0 or len(steps) % chunk or len(stored.scores) != len(spec.labels):
        raise ValueError(
            f"{len(steps)} features and {len(stored.scores)} scores for a model that takes "
            f"{chunk} and gives {len(spec.labels)}"
        )
    features = _features(steps.reshape(-1, spec.frontend.n_features), stored.scale)
    return SelfTest(features, np.array(stored.scores, np.float32))


def _features(steps: Any, scale: float) -> Features:
    features: Features = steps.astype(np.float32) * np.float32(scale)
    return features


def last_scores(session: Any, spec: ModelSpec, features: Features) -> Scores:
    """Score features chunk by chunk, a window being one chunk, and return the last scores."""
    states = initial_states(session)
    for start in range(0, len(features), spec.n_frames):
        scores, states = infer(session, features[None, start : start + spec.n_frames], states)
    newest: Scores = scores[0]
    return newest
