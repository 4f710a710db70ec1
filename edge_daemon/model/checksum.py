"""A model file's checksum, which it carries itself, and which tells damage before it is served.

It stands in the metadata under `CHECKSUM_KEY`: BLAKE2b of 256 bits over the file without that
entry, followed by the files beside it that hold its weights, if any. It tells of a file that was
cut off or altered by accident; it is no signature.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge_daemon.model.onnx_bytes import (
    METADATA_PROPS,
    DamagedError,
    Field,
    as_entry,
    fields,
    key_and_value,
)

try:
    # the same as hashlib's; that one loads OpenSSL, which is 3.6 MB for one digest
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

CHECKSUM_KEY = "edge_daemon.blake2b"
_KEY = CHECKSUM_KEY.encode()
_DIGEST_BYTES = 32


def checksum_of(data: bytes, beside: Iterable[bytes] = ()) -> str:
    """Return the checksum of a model, as hexadecimal digits.

    Raises
    ------
    DamagedError
        When the bytes are no ONNX file.
    """
    view = memoryview(data)
    digest = blake2b(digest_size=_DIGEST_BYTES)
    at = 0
    for entry in _entries(data):
        digest.update(view[at : entry.start])
        at = entry.end
    digest.update(view[at:])
    for content in beside:
        digest.update(content)
    return digest.hexdigest()


def stored_checksum(data: bytes) -> str | None:
    """Return the checksum that a model carries; None where it carries none.

    Raises
    ------
    DamagedError
        When the bytes are no ONNX file, or damage hides the checksum.
    """
    found = [key_and_value(entry.value)[1] for entry in _entries(data)]
    if not found and _KEY in data:
        raise DamagedError("its checksum is not where it belongs")
    return found[-1].decode("ascii", "replace") if found else None


def sealed(data: bytes, beside: Iterable[bytes] = ()) -> bytes:
    """Return a model with its checksum, in place of an older one.

    It stands before the rest of the metadata: a file that is cut off has lost both, or neither.
    """
    entry = as_entry(CHECKSUM_KEY, checksum_of(data, beside))
    kept = bytearray()
    at: int | None = None
    for field in fields(data):
        if field.number == METADATA_PROPS and at is None:
            at = len(kept)
        if not _is_checksum(field):
            kept += data[field.start : field.end]
    at = len(kept) if at is None else at
    return bytes(kept[:at] + entry + kept[at:])


def _entries(data: bytes) -> list[Field]:
    return [field for field in fields(memoryview(data)) if _is_checksum(field)]


def _is_checksum(field: Field) -> bool:
    if field.number != METADATA_PROPS:
        return False
    return key_and_value(field.value)[0] == _KEY
