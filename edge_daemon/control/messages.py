"""What the running daemon can be asked, and what it answers: one form for every way in."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from edge_daemon.errors import ControlError
from edge_daemon.events import as_json

LONGEST_LINE_BYTES = 65536
"""More without a line break is no request, and ends the connection."""
LONGEST_MUTE_S = 7 * 86400.0

Label = Annotated[str, Meta(min_length=1, max_length=256)]


class _Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """A request is an object whose ``do`` says which one, such as ``{"do": "status"}``."""


class Status(_Ask, frozen=True, tag="status"):
    """Tell the state; the data are `Reporter.status`'s."""


class ShowConfig(_Ask, frozen=True, tag="config"):
    """Tell the configuration in force: ``{"yaml": text}``, secrets masked."""


class Mute(_Ask, frozen=True, tag="mute"):
    """Hear nothing, for so long or until `Unmute`."""

    for_s: Annotated[float, Meta(gt=0, le=LONGEST_MUTE_S)] | None = None


class Unmute(_Ask, frozen=True, tag="unmute"):
    """Hear again."""


class Trigger(_Ask, frozen=True, tag="trigger"):
    """Do what is done when a word is heard."""

    label: Label
    after: Label | None = None
    """The wake word that it is to have followed."""


class Threshold(_Ask, frozen=True, tag="threshold"):
    """Set the score from which a word fires; None goes back to the configured one."""

    word: Label
    value: Annotated[float, Meta(gt=0, le=1)] | None = None


class FalseAlarm(_Ask, frozen=True, tag="false_alarm"):
    """Count the newest detection as false: nobody had said it."""


class Reload(_Ask, frozen=True, tag="reload"):
    """Read the configuration again; answered when it is in force, or refused."""


class Follow(_Ask, frozen=True, tag="follow"):
    """Send events from now on, a JSON object a line; over the socket only."""

    live: bool = False
    """With levels and scores, several times a second."""
    picture: bool = False
    """And with a spectrogram in them."""


Request: TypeAlias = (
    Status | ShowConfig | Mute | Unmute | Trigger | Threshold | FalseAlarm | Reload | Follow
)


_REQUEST: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a request."""

    ok: bool
    problems: list[str] = []
    """Why it was refused, a line each."""
    data: dict[str, Any] | None = None
    """What was asked for."""


def request_line(request: Request) -> bytes:
    """Return a request as it is sent."""
    return msgspec.json.encode(request) + b"\n"


def parse_request(line: bytes) -> Request:
    """Read a line of a client.

    Raises
    ------
    ControlError
        It is no request; the message says why and what is.
    """
    try:
        return _REQUEST.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ControlError(f'no request: {error}; {{"do": "status"}} is one') from None


def answer_line(answer: Answer) -> bytes:
    """Return an answer as it is sent; the bytes of a path in it need not be text."""
    return as_json(answer) + b"\n"


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
