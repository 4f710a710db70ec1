"""An ONNX file as bytes: its outermost fields, and those that name other files.

The package onnx is not there when the daemon listens, and onnxruntime opens what a model names
before anybody could look. Numbers of fields are those of onnx.proto, the form is that of
protobuf: a tag, which holds a number and a type, and then a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

Bytes: TypeAlias = "bytes | memoryview"

METADATA_PROPS = 14
"""Of a ModelProto: entries of a key (1) and a value (2)."""
_KEY, _VALUE = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_LONGEST_VARINT = 10
_DEEPEST = 100
"""As protobuf itself."""

_WITHIN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external"},
}
"""Which fields of which message lead to tensors, and to what they say of other files."""
_EXTERNAL = re.compile(rb"(?:\x0a|\x8a\x80{0,8}\x00)(?:\x08|\x88\x80{0,8}\x00)location")
"""The key of an entry that names another file, in every form that a parser takes."""
_COMPILED = re.compile(rb"(?:\x22|\xa2\x80{0,8}\x00)(?:\x09|\x89\x80{0,8}\x00)EPContext")
"""The type of a node that holds, or names, code compiled for a provider."""


class DamagedError(ValueError):
    """These bytes are no ONNX file."""


class Field(NamedTuple):
    """One field of a message."""

    number: int
    start: int
    """Where its tag begins."""
    value: Bytes
    """What it holds; empty for a number."""
    end: int


def fields(data: Bytes) -> Iterator[Field]:
    """Yield the fields of a message, in their order.

    Raises
    ------
    DamagedError
        The bytes end in the middle of one, or are no message.
    """
    at = 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _varint(data, at)
            yield Field(number, start, b"", at)
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in _WIDTHS:
            length = _WIDTHS[kind]
        else:
            raise DamagedError(f"byte {start} begins no field")
        if length > len(data) - at:
            raise DamagedError(f"it ends {length - (len(data) - at)} bytes too early")
        at += length
        yield Field(number, start, data[at - length : at] if kind == _BYTES else b"", at)


def _varint(data: Bytes, at: int) -> tuple[int, int]:
    """Return a number of variable length, and where it ends."""
    number = 0
    for i in range(_LONGEST_VARINT):
        if at + i >= len(data):
            raise DamagedError("it ends in the middle of a number")
        number |= (data[at + i] & 0x7F) << (7 * i)
        if data[at + i] < 0x80:
            return number & (1 << 64) - 1, at + i + 1
    raise DamagedError(f"byte {at} begins a number that does not end")


def key_and_value(entry: Bytes) -> tuple[bytes, bytes]:
    """Return what an entry of the metadata, or of an external tensor, holds."""
    found = {field.number: bytes(field.value) for field in fields(entry)}
    return found.get(_KEY, b""), found.get(_VALUE, b"")


def as_entry(key: str, value: str) -> bytes:
    """Return an entry of the metadata with its tag; its texts are short."""
    inner = b"".join(
        bytes([number << 3 | _BYTES, len(text)]) + text
        for number, text in ((_KEY, key.encode()), (_VALUE, value.encode()))
    )
    if len(inner) > 0x7F:
        raise ValueError(f"{key}: too long")
    return bytes([METADATA_PROPS << 3 | _BYTES, len(inner)]) + inner


def is_compiled(data: bytes) -> bool:
    """Tell whether a node may hold, or name, code that was compiled for a provider."""
    return b"EPContext" in data and bool(_COMPILED.search(data))


def external_files(data: bytes) -> list[str]:
    """Return the names of the files that the tensors of a model lie in, each once, sorted.

    Raises
    ------
    DamagedError
        When the bytes are no ONNX file.
    """
    if b"location" not in data or not _EXTERNAL.search(data):
        return []  # nearly always; to walk through all nodes takes long
    entries = [key_and_value(entry) for entry in _external_entries(memoryview(data), "model", 0)]
    names = {value for key, value in entries if key == b"location"}
    return sorted(name.decode("utf-8", "surrogateescape") for name in names)


def _external_entries(data: Bytes, message: str, depth: int) -> Iterator[Bytes]:
    if depth > _DEEPEST:
        raise DamagedError("nested too deeply")
    within = _WITHIN[message]
    for field in fields(data):
        inner = within.get(field.number)
        if inner == "external":
            yield field.value
        elif inner:
            yield from _external_entries(field.value, inner, depth + 1)
