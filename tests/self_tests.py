"""Tiny models that carry a self-test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from edge_daemon.model.self_test import SELF_TEST_KEY, make
from edge_daemon.model.session import session_of, spec_of
from edge_daemon.quantize.finish import metadata_of, set_metadata
from tests.tiny_models import N_FRAMES

LOUD = np.full((N_FRAMES, 10), 6.0, np.float32)
"""Features of a loud sound."""


def with_self_test(path: Path) -> Path:
    """Give a file of `write_model` its self-test."""
    session = session_of(path, 1)
    text = make(session, spec_of(session, path), LOUD)
    set_metadata(path, {**metadata_of(path), SELF_TEST_KEY: text})
    return path


def with_wrong_self_test(path: Path) -> Path:
    """Give it one whose scores no provider gives, as if each computed it wrong."""
    metadata = metadata_of(with_self_test(path))
    stored = json.loads(metadata[SELF_TEST_KEY])
    stored["scores"] = stored["scores"][::-1]
    set_metadata(path, {**metadata, SELF_TEST_KEY: json.dumps(stored)})
    return path
