"""What tells one model from another: a digest over all that it is made of."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge_daemon.model.contents import names_beside, read_bytes
from edge_daemon.model.onnx_bytes import DamagedError


def sha256_of(model: Path) -> str:
    """Return the SHA-256 of a model, with the files beside it that hold its weights, if any.

    Raises
    ------
    ModelError
        It cannot be read, or names files elsewhere.
    """
    data = read_bytes(model)
    digest = hashlib.sha256(data)
    for name in _names_beside(data, model):
        digest.update(read_bytes(model.parent / name))
    return digest.hexdigest()


def _names_beside(data: bytes, model: Path) -> list[str]:
    try:
        return sorted(names_beside(data, model))
    except DamagedError:
        return []  # to refuse what is no model is for others
