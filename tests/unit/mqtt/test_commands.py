"""Commands from the broker."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.control.messages import Mute, Threshold, Trigger, Unmute
from edge_daemon.errors import ControlError
from edge_daemon.mqtt.commands import parse_command

NAMES = st.sampled_from(["mute", "unmute", "trigger", "threshold", "false_alarm", "reload"])


@given(NAMES | st.text(), st.none() | st.text(), st.binary(max_size=1500))
def test_anything_may_come(name: str, word: str | None, payload: bytes) -> None:
    """Whatever is sent, it is a request or refused with a reason."""
    try:
        parse_command(name, word, payload)
    except ControlError as error:
        assert str(error)


@given(st.floats())
def test_thresholds_in_their_bounds(value: float) -> None:
    """A number is a threshold if it is one, and refused else."""
    payload = repr(value).encode()
    if 0 < value <= 1:
        assert parse_command("threshold", "stop", payload) == Threshold("stop", value)
    else:
        assert math.isnan(value) or not 0 < value <= 1
        with pytest.raises(ControlError):
            parse_command("threshold", "stop", payload)


@pytest.mark.parametrize(
    ("name", "payload", "request_"),
    [
        ("mute", " ON\n", Mute()),
        ("mute", "OFF", Unmute()),
        ("mute", "2.5", Mute(2.5)),
        ("trigger", " smart mirror ", Trigger("smart mirror")),
        ("trigger", '{"label": "on", "after": null}', Trigger("on")),
        ("trigger", '{"label": "on", "do": "reload"}', Trigger("on")),
    ],
)
def test_payloads(name: str, payload: str, request_: object) -> None:
    """What comes with a command may be short, or JSON; it never becomes another command."""
    assert parse_command(name, None, payload.encode()) == request_


@pytest.mark.parametrize("payload", [b"on", b"true", b"1h", b'"ON"', b"[]", b"{}"])
def test_refused_mutes(payload: bytes) -> None:
    """What is neither ON, OFF nor a number mutes nothing."""
    with pytest.raises(ControlError, match="wanted is ON, OFF, or a number of seconds"):
        parse_command("mute", None, payload)
