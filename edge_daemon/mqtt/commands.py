"""Commands from the broker: a topic and a payload become a request."""

from __future__ import annotations

from typing import Any

import msgspec

from edge_daemon.control.messages import Request
from edge_daemon.errors import ControlError

LONGEST_PAYLOAD_BYTES = 1024
ON, OFF = "ON", "OFF"
DEFAULT = "default"
_WANTED = {
    "mute": f"{ON}, {OFF}, or a number of seconds",
    "unmute": "anything",
    "trigger": 'a word, or {"label": WORD, "after": WAKE_WORD}',
    "threshold": f"a number up to 1, or {DEFAULT}, at threshold/WORD",
    "false_alarm": "anything",
    "reload": "anything",
}
"""What is to be sent to each command."""


def parse_command(name: str, word: str | None, payload: bytes) -> Request:
    """Read a command of `Topics.command_of` and what came with it.

    Raises
    ------
    ControlError
        It is none; the message says why.
    """
    if name not in _WANTED or (word is not None and name != "threshold"):
        raise ControlError(f"there is no such command; there are {', '.join(_WANTED)}")
    if len(payload) > LONGEST_PAYLOAD_BYTES:
        raise ControlError(
            f"{len(payload)} bytes are too many, at most {LONGEST_PAYLOAD_BYTES} are read"
        )
    try:
        asked = _asked(name, word, payload.decode().strip())
        request: Request = msgspec.convert(asked, type=Request)
    except UnicodeDecodeError:
        raise ControlError("its bytes are no UTF-8") from None
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ControlError(f"{error}; wanted is {_WANTED[name]}") from None
    return request


def _asked(name: str, word: str | None, text: str) -> dict[str, Any]:
    if name == "threshold":
        value = None if text == DEFAULT else msgspec.json.decode(text, type=float)
        return {"do": name, "word": word or "", "value": value}
    if name == "trigger":
        asked = msgspec.json.decode(text, type=dict) if text.startswith("{") else {"label": text}
        return {**asked, "do": name}
    if name == "mute" and text == OFF:
        return {"do": "unmute"}
    if name == "mute" and text not in (ON, ""):
        return {"do": name, "for_s": msgspec.json.decode(text, type=float)}
    return {"do": name}
