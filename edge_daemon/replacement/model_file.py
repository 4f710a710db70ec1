"""What can be read off an ONNX file without parsing it: is it quantized, and is it still the same.

The package onnx is not there when the daemon listens, and onnxruntime does not show the nodes.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path

from edge_daemon.model.contents import names_beside, read_bytes
from edge_daemon.model.onnx_bytes import DamagedError

_QUANTIZED = (
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "ConvInteger",
    "MatMulInteger",
    "MatMulNBits",
)
_OP_TYPE_TAG = b"\x22"
"""Field 4 of a NodeProto, a text: the names of nodes and tensors are other fields."""


def is_quantized(model: Path) -> bool:
    """Tell whether some node of the model computes with, or unpacks, integers."""
    with _bytes_of(model) as content:
        return any(content.find(_as_op_type(name)) >= 0 for name in _QUANTIZED)


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


def _as_op_type(name: str) -> bytes:
    return _OP_TYPE_TAG + bytes([len(name)]) + name.encode()


@contextlib.contextmanager
def _bytes_of(path: Path) -> Iterator[mmap.mmap | bytes]:
    with path.open("rb") as file:
        if not file.seek(0, 2):
            yield b""  # nothing, which cannot be mapped
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content
