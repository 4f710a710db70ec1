"""What can be done when a word is heard, and what has to be known for it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from edge_daemon.config import ANY_WORD, parse_config
from edge_daemon.errors import ConfigError
from edge_daemon.init.answers import absolute_file

_BROKER = {"mqtt": {"host": "localhost"}}
"""Without one an action `mqtt` is refused; it is asked for afterwards."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A kind of action."""

    kind: str
    what: str
    question: str | None
    """What has to be known; None: nothing."""
    default: str
    settings: Callable[[str], Any]
    """Makes the action's settings of the answer."""
    library: str | None = None
    """What has to be installed for it, as Python names it."""

    @property
    def missing(self) -> str | None:
        """Return the line that installs what is lacking; None where nothing is."""
        if self.library is None or find_spec(self.library):
            return None
        return f"pip install 'edge-daemon[{self.kind}]'"

    def understood(self, answer: str) -> Any:
        """Return the settings.

        Raises
        ------
        ValueError
            They are none; the message says why.
        """
        settings = self.settings(answer)
        _must_be_taken({**_BROKER, "actions": [{"say": ANY_WORD, self.kind: settings}]})
        return settings


def broker(answer: str) -> str:
    """Return ``mqtt.host``.

    Raises
    ------
    ValueError
        It is none; the message says why.
    """
    _must_be_taken({"mqtt": {"host": answer}})
    return answer


def _must_be_taken(sections: dict[str, Any]) -> None:
    try:
        parse_config(sections)
    except ConfigError as error:
        raise ValueError("; ".join(p.partition(": ")[2] for p in error.problems)) from None


def _pin(answer: str) -> dict[str, Any]:
    if not answer.isdecimal():
        raise ValueError("the number of a pin, please, as Broadcom counts")
    return {"pin": int(answer), "do": "pulse"}


OFFERS = {
    offer.kind: offer
    for offer in (
        Offer("log", "write it to the log", None, "", lambda _answer: {}),
        Offer(
            "command", "run a program", "  Which program, with its arguments?",
            "logger -t edge-daemon heard", shlex.split,
        ),
        Offer(
            "webhook", "POST it to an address", "  Which address?",
            "http://127.0.0.1:8123/api/webhook/edge-daemon", str,
        ),
        Offer(
            "mqtt", "publish it by MQTT", "  To which topic?", "home/voice",
            lambda topic: {"topic": topic}, "paho",
        ),
        Offer("gpio", "pulse a pin", "  Which pin (BCM)?", "17", _pin, "gpiozero"),
        Offer("play", "play a sound", "  Which WAV file?", "builtin:chime", absolute_file),
    )
}  # fmt: skip
"""By their kind, the default first."""
