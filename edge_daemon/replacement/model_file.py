"""What can be read off an ONNX file without parsing it: is it quantized.

The package onnx is not there when the daemon listens, and onnxruntime does not show the nodes.
"""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path

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
