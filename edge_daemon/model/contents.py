"""Reads a model file, and refuses what is damaged or reaches out of its folder."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from edge_daemon.errors import ModelError
from edge_daemon.model.checksum import checksum_of, stored_checksum
from edge_daemon.model.onnx_bytes import DamagedError, external_files, fields, is_compiled
from edge_daemon.reading import read_whole

MAX_MODEL_BYTES = 512 << 20
"""Of the file, and of each one beside it."""
_GRAPH = 7


@dataclass(frozen=True, slots=True)
class ModelContents:
    """A model that was read, and found to be whole as far as it can be told."""

    data: bytes
    is_sealed: bool
    """It carries a checksum, which is right."""
    has_weights_beside: bool
    """Files in its folder hold weights of it."""


def read_model(path: Path) -> ModelContents:
    """Read a model file, once, and hold it against its checksum.

    Raises
    ------
    ModelError
        It cannot be read, is damaged, or names files elsewhere.
    """
    data = read_bytes(path)
    try:
        return _looked_at(data, path)
    except DamagedError as error:
        raise ModelError(f"{path}: not a model ({len(data)} bytes): {error}") from None


def _looked_at(data: bytes, path: Path) -> ModelContents:
    if not any(field.number == _GRAPH for field in fields(memoryview(data))):
        raise DamagedError("it holds no graph")
    if is_compiled(data):
        raise ModelError(f"{path}: holds or names compiled code (EPContext); give the plain model")
    names = names_beside(data, path)
    stored = stored_checksum(data)
    if stored is not None:
        beside = [read_bytes(path.parent / name) for name in names]
        if checksum_of(data, beside) != stored:
            raise ModelError(
                f"{path}: damaged or altered: its checksum is not the one that it carries "
                f"({len(data)} bytes); copy it again, or, where it was altered on purpose: "
                f"python -m edge_daemon.model.seal {path}"
            )
    return ModelContents(data, stored is not None, bool(names))


def names_beside(data: bytes, path: Path) -> list[str]:
    """Return the files beside a model that hold its weights.

    Raises
    ------
    DamagedError, ModelError
        The bytes are no ONNX file, or it names a file elsewhere.
    """
    names = external_files(data)
    for name in names:
        if os.path.basename(name) != name or name in ("", ".", "..") or "\0" in name:
            raise ModelError(
                f"{path}: its weights are said to be in {name!r}; they may be in a file of its "
                "own folder only"
            )
        if not _is_file(path.parent / name):
            raise ModelError(
                f"{path}: its weights are in {name!r}, which is no file beside it; nor may it be a "
                "link to one"
            )
    return names


def _is_file(path: Path) -> bool:
    """Tell whether it is a file and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def read_bytes(path: Path) -> bytes:
    """Return what is in a file of a model.

    Raises
    ------
    ModelError
        It cannot be read, or is larger than any model.
    """
    try:
        return read_whole(path, MAX_MODEL_BYTES)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
