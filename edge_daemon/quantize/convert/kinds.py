"""What a model was made with, by its name and its first bytes."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, TypeAlias

from edge_daemon.errors import ModelError

Kind: TypeAlias = Literal["onnx", "keras", "torch"]

_ZIP, _HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"
_FORMATS: dict[str, tuple[Kind, bytes, str]] = {
    ".onnx": ("onnx", b"", "ONNX file"),
    ".keras": ("keras", _ZIP, "Keras 3 file, which is a zip"),
    ".h5": ("keras", _HDF5, "HDF5 file"),
    ".hdf5": ("keras", _HDF5, "HDF5 file"),
    ".pt2": ("torch", _ZIP, "torch.export program, which is a zip"),
}
_NOT_WHOLE = {
    ".pt": "PyTorch's pickled files hold no graph",
    ".pth": "PyTorch's pickled files hold no graph",
    ".tflite": "TensorFlow Lite files are converted already; give the Keras model",
    ".pb": "a graph without its variables; give the SavedModel folder",
}
_GRAPH = "; save it with torch.export.save as .pt2, or give module:factory with --state-dict"
_FACTORY = re.compile(r"[^\W\d][\w.]*:[^\W\d]\w*")


def is_factory(model: Path | str) -> bool:
    """Say whether this is ``module:factory`` and no file."""
    return bool(_FACTORY.fullmatch(str(model))) and not os.path.exists(model)


def kind_of(model: Path | str) -> Kind:
    """Return what a model has to be read with.

    Raises
    ------
    ModelError
        When there is none, or none that can be converted.
    """
    if is_factory(model):
        return "torch"
    path = Path(model)
    if os.path.isdir(path):
        return _kind_of_folder(path)
    if not os.path.isfile(path):
        raise ModelError(
            f"{path}: no such model; give an .onnx, .keras, .h5 or .pt2 file, a SavedModel folder, "
            "or module:factory"
        )
    return _kind_of_file(path)


def _kind_of_folder(path: Path) -> Kind:
    if (path / "saved_model.pb").is_file():
        return "keras"
    raise ModelError(f"{path}: a folder without saved_model.pb, so no SavedModel")


def _kind_of_file(path: Path) -> Kind:
    suffix = path.suffix.lower()
    if suffix in _NOT_WHOLE:
        more = _GRAPH if suffix.startswith(".pt") else ""
        raise ModelError(f"{path}: {_NOT_WHOLE[suffix]}{more}")
    if suffix not in _FORMATS:
        raise ModelError(
            f"{path}: {suffix or 'a name without an ending'} is none of {', '.join(_FORMATS)}"
        )
    kind, signature, what = _FORMATS[suffix]
    try:
        with path.open("rb") as file:
            first = file.read(len(signature))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from None
    if first != signature:
        n = path.stat().st_size
        raise ModelError(f"{path}: is no {what} ({n} bytes, begins with {first!r})")
    return kind
