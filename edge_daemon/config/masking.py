"""Values as they may be shown: what is a secret stays out of messages, logs and printed files."""

from __future__ import annotations

import re
import typing
from typing import Any, Final

import msgspec

SECRET: Final = {"secret": True}
"""``Meta(extra=SECRET)``: the value of this key is not shown."""
MASK: Final = "***"
_SHOWN = 60
_SHOWN_OF_A_LIST = 4
_ADDRESS = re.compile(r"(?s)(\s*[a-zA-Z]\w*://)([^/?#]*)(.*)")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d*)?")


def is_secret(annotation: Any) -> bool:
    """Tell whether a key of the schema is marked as a secret."""
    if typing.get_origin(annotation) is not typing.Annotated:
        return False
    metas = typing.get_args(annotation)[1:]
    return any(isinstance(m, msgspec.Meta) and m.extra == SECRET for m in metas)


def masked(value: Any) -> Any:
    """Return a secret as it is shown: of an address the server, of a mapping the keys."""
    if value is None:
        return None
    if isinstance(value, dict):
        return dict.fromkeys(value, MASK)
    match = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return _server(match) if match else MASK


def _server(match: re.Match[str]) -> str:
    scheme, server, rest = match.groups()
    _, at, host = server.rpartition("@")
    if not _HOST.fullmatch(host):
        host = MASK  # it may be a user and a password that holds a slash
    return scheme + (f"{MASK}@" if at else "") + host + (rest if rest in ("", "/") else f"/{MASK}")


def is_masked(text: str) -> bool:
    """Tell whether this is how a secret is shown, and not the secret."""
    return MASK in text and masked(text) == text


def shown(value: object) -> str:
    """Return a value for a message: short, without an address's path, and only its first level."""
    if isinstance(value, str):
        start = value[: 10 * _SHOWN]  # the repr of a megabyte takes its time
        return _cut(repr(masked(start) if _ADDRESS.match(start) else start))
    if isinstance(value, dict):
        return _cut("{" + _listed(f"{_inner(k)}: {_inner(v)}" for k, v in value.items()) + "}")
    if isinstance(value, list):
        return _cut("[" + _listed(map(_inner, value)) + "]")
    return _cut(repr(value))


def _inner(value: object) -> str:
    if isinstance(value, dict | list | tuple | set):
        return "{…}" if isinstance(value, dict) else "[…]"
    return shown(value)


def _listed(items: typing.Iterable[str]) -> str:
    few: list[str] = []
    for item in items:
        if len(few) == _SHOWN_OF_A_LIST:
            return ", ".join([*few, "…"])
        few.append(item)
    return ", ".join(few)


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def shown_key(key: object) -> str:
    """Return a key as a part of a place such as ``section.key``: short, and on one line."""
    text = str(key) if isinstance(key, str) else shown(key)
    return text if len(text) <= _SHOWN and text.isprintable() else _cut(repr(text[:_SHOWN]))
