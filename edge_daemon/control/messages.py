"""What is said over the control socket."""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from edge_daemon.errors import ControlError

LONGEST_LINE_BYTES = 65536
"""More without a line break is no request, and ends the connection."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client wants, such as ``{"do": "status"}``."""

    do: Literal["status", "reload"]


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request."""

    ok: bool
    problems: list[str] = []
    """Why it was refused, a line each."""
    status: dict[str, Any] | None = None
    """The daemon's state, where it was asked for."""


def parse_request(line: bytes) -> Request:
    """Read a line of a client.

    Raises
    ------
    ControlError
        It is no request; the message says why and what is.
    """
    try:
        return msgspec.json.decode(line, type=Request)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f'no request: {error}; {{"do": "status"}} is one') from None


def answer_line(answer: Answer) -> bytes:
    """Return an answer as it is sent; the bytes of a path in it need not be text."""
    text = json.dumps(msgspec.to_builtins(answer), ensure_ascii=False)
    return text.encode(errors="replace") + b"\n"


def parse_answer(line: bytes) -> Answer:
    """Read the daemon's answer.

    Raises
    ------
    ControlError
        It is none, as when something else listens at the socket.
    """
    try:
        return msgspec.json.decode(line, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f"that was no answer of edge-daemon: {error}") from None
