"""Model files: where they are, and the metadata that they carry.

The metadata is one JSON object, a `ModelSpec`, under the key ``edge_daemon`` of the ONNX file's
``metadata_props``.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import msgspec

from edge_daemon.config import BUILTIN
from edge_daemon.errors import ModelError
from edge_daemon.model.consistency import inconsistencies
from edge_daemon.model.variants import is_variant
from edge_daemon.types import ModelSpec

METADATA_KEY = "edge_daemon"
_BUILTIN_FOLDER = Path(__file__).parents[1] / "models"
MAX_METADATA_CHARS = 1 << 18
"""The shipped models have three thousand."""
_LONGEST_MESSAGE = 1000


def resolve(name: str) -> Path:
    """Return the file of ``builtin:NAME`` or of a path.

    Raises
    ------
    ModelError
        When there is no such file.
    """
    if not name.startswith(BUILTIN):
        path = Path(name)
        if not os.path.isfile(path):
            raise ModelError(f"{path}: no such model file; give an .onnx file or {BUILTIN}NAME")
        return path
    path = _BUILTIN_FOLDER / f"{name.removeprefix(BUILTIN)}.onnx"
    if path.parent != _BUILTIN_FOLDER or not os.path.isfile(path):
        models = (p for p in _BUILTIN_FOLDER.glob("*.onnx") if not is_variant(p))
        known = ", ".join(sorted(BUILTIN + p.stem for p in models))
        raise ModelError(f"{name}: no such model; there are {known}")
    return path


def spec_to_json(spec: ModelSpec) -> str:
    """Return the metadata of a model."""
    return json.dumps(dataclasses.asdict(spec))


def spec_from_json(text: str, where: str) -> ModelSpec:
    """Read the metadata of a model and check that it is consistent.

    Raises
    ------
    ModelError
        With every problem found.
    """
    if len(text) > MAX_METADATA_CHARS:
        what = f"{len(text)} characters; at most {MAX_METADATA_CHARS} are read"
        raise ModelError(f"{where}: bad metadata: {what}")
    try:
        spec = msgspec.json.decode(text, type=ModelSpec)
    except (ValueError, RecursionError) as error:  # ValueError: half a character
        problems = [str(error)]
    else:
        problems = inconsistencies(spec)
        if not problems:
            return spec
    raise ModelError(f"{where}: bad metadata: {printable('; '.join(problems))}")


def printable(text: str) -> str:
    """Return what a model file says as it may stand in a message: on one line, and not too long."""
    shown = text[:_LONGEST_MESSAGE] + ("…" if len(text) > _LONGEST_MESSAGE else "")
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
