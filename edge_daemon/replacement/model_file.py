"""What can be read off an ONNX file without parsing it: is it quantized, and is it still the same.

The package onnx is not there when the daemon listens, and onnxruntime does not show the nodes.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import re
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
_LOCATION = re.compile(rb"\n\x08location\x12([\x01-\x7f])")
"""Where the entry of a tensor begins whose values lie in another file: key, then name's length."""


def is_quantized(model: Path) -> bool:
    """Tell whether some node of the model computes with, or unpacks, integers."""
    with _bytes_of(model) as content:
        return any(content.find(_as_op_type(name)) >= 0 for name in _QUANTIZED)


def sha256_of(model: Path) -> str:
    """Return the SHA-256 of a model, with the files beside it that hold its weights, if any."""
    digest = hashlib.sha256()
    with _bytes_of(model) as content:
        digest.update(content)
        for name in sorted(_weight_files(content)):
            with _bytes_of(model.parent / name) as weights:
                digest.update(weights)
    return digest.hexdigest()


def _as_op_type(name: str) -> bytes:
    return _OP_TYPE_TAG + bytes([len(name)]) + name.encode()


def _weight_files(content: mmap.mmap | bytes) -> set[str]:
    found = set()
    for match in _LOCATION.finditer(content):
        name = content[match.end() : match.end() + match.group(1)[0]]
        found.add(name.decode(errors="surrogateescape"))
    return found


@contextlib.contextmanager
def _bytes_of(path: Path) -> Iterator[mmap.mmap | bytes]:
    with path.open("rb") as file:
        if not file.seek(0, 2):
            yield b""  # nothing, which cannot be mapped
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content
