"""Gives model files a self-test: a word of a recording, and the scores that they give it.

    python scripts/add_self_test.py MODEL.onnx [MODEL.onnx ...] [--audio config/demo.flac]

The word that the model is surest of is stored. Nothing but the metadata changes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from edge_daemon.audio.files import read_clip
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.frontend import MfccFrontend
from edge_daemon.model.self_test import SELF_TEST_KEY, last_scores, make
from edge_daemon.model.session import session_of, spec_of
from edge_daemon.quantize.finish import metadata_of, set_metadata
from edge_daemon.types import Features, ModelSpec

DEMO = Path(__file__).parents[1] / "config" / "demo.flac"
STEP_FRAMES = 5
LENGTH_MS = 1000
"""Of what a streaming model is given."""


def add_self_test(path: Path, audio: Path = DEMO) -> str:
    """Write the self-test into a file, in place of an older one; return the word.

    Raises
    ------
    ModelError
        When the model is undecided about all that the recording holds.
    """
    session = session_of(path, threads=1)
    spec = spec_of(session, path)
    samples = read_clip(audio, spec.frontend.sample_rate_hz)
    features, label = surest(session, spec, MfccFrontend(spec.frontend).push(samples))
    set_metadata(path, {**metadata_of(path), SELF_TEST_KEY: make(session, spec, features)})
    return label


def surest(session: Any, spec: ModelSpec, features: Features) -> tuple[Features, str]:
    """Return the stretch after which a word has its highest score, and the word."""
    words = [spec.labels.index(word) for word in spec.words]
    windows = _stretches(spec, features)
    best = [float(last_scores(session, spec, window)[words].max()) for window in windows]
    window = windows[int(np.argmax(best))]
    label = spec.labels[int(last_scores(session, spec, window).argmax())]
    return window, label


def _stretches(spec: ModelSpec, features: Features) -> list[Features]:
    """Cut out what a model is given: a window, or the chunks of about a second."""
    frame_ms = 1000 * spec.frontend.hop_length / spec.frontend.sample_rate_hz
    n_chunks = 1 if spec.kind == "window" else max(1, round(LENGTH_MS / frame_ms / spec.n_frames))
    length = n_chunks * spec.n_frames
    starts = range(0, len(features) - length + 1, STEP_FRAMES)
    if not starts:
        raise EdgeDaemonError(f"the recording has {len(features)} frames; {length} are needed")
    return [features[start : start + length] for start in starts]


def main() -> None:
    """Write the self-tests."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL.onnx")
    parser.add_argument("--audio", type=Path, default=DEMO, help="words that it knows")
    args = parser.parse_args()
    for path in args.models:
        word = add_self_test(path, args.audio)
        print(f"{path}: self-test with {word!r}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
