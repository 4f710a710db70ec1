"""GpioConnection with gpiozero's mock pins, a desk and events of the tests' own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge_daemon.config import parse_config
from edge_daemon.connection import Inside
from edge_daemon.control.desk import Desk
from edge_daemon.control.messages import Answer, Mute, Request, Unmute
from edge_daemon.errors import ActionError, ConfigError
from edge_daemon.events import Events, State
from edge_daemon.gpio import GpioConnection
from edge_daemon.telemetry import Telemetry
from tests.mock_pins import MockPins, mock_pins

__all__ = ["mock_pins"]

BUTTON, TALK, LED = 5, 6, 27


class Room:
    """A daemon's inside with a connection of these settings."""

    def __init__(self, **gpio: object) -> None:
        self.desk = Desk()
        self.events = Events()
        inside = Inside(self.desk, self.events, Telemetry())
        self.connection = GpioConnection(parse_config({"gpio": gpio}), inside)

    def asked(self) -> list[Request]:
        """Return what was asked for since the last time; all of it is granted."""
        taken = self.desk.take()
        for _, reply in taken:
            reply(Answer(ok=True))
        return [request for request, _ in taken]

    def tell(self, *, muted: bool) -> None:
        """Tell the state, as the daemon does after each change."""
        self.events.publish(
            State(
                condition="muted" if muted else "listening", text="", source="", model="",
                words=[], muted=muted, muted_left_s=None, thresholds={}, last=None,
            )
        )  # fmt: skip


@contextmanager
def running(**gpio: object) -> Iterator[Room]:
    """Start a connection, and stop it in the end."""
    room = Room(**gpio)
    room.connection.start()
    try:
        yield room
    finally:
        room.connection.stop(10)


def test_each_press_of_a_mute_button_turns_muting(mock_pins: MockPins) -> None:
    """It mutes what is not muted and the other way round, whoever has changed it meanwhile."""
    with running(buttons=[{"pin": BUTTON, "do": "mute"}]) as room:
        for muted, wanted in ((False, Mute()), (True, Unmute()), (True, Unmute())):
            room.tell(muted=muted)
            mock_pins.drive(BUTTON, high=False)
            mock_pins.drive(BUTTON, high=True)
            assert room.asked() == [wanted]


def test_presses_faster_than_the_daemon(mock_pins: MockPins) -> None:
    """Two presses between two blocks mute and unmute."""
    with running(buttons=[{"pin": BUTTON, "do": "mute"}]) as room:
        for _ in range(2):
            mock_pins.drive(BUTTON, high=False)
            mock_pins.drive(BUTTON, high=True)
        assert room.asked() == [Mute(), Unmute()]


def test_a_button_that_connects_to_the_supply(mock_pins: MockPins) -> None:
    """With pull_up: false a press is a high level."""
    with running(buttons=[{"pin": BUTTON, "do": "mute", "pull_up": False}]) as room:
        mock_pins.drive(BUTTON, high=True)
        assert room.asked() == [Mute()]


def test_push_to_talk(mock_pins: MockPins) -> None:
    """It is muted from the start, hears while the button is held, and is muted again."""
    with running(buttons=[{"pin": TALK, "do": "push_to_talk"}]) as room:
        assert room.asked() == [Mute()]
        room.tell(muted=True)
        mock_pins.drive(TALK, high=False)
        assert room.asked() == [Unmute()]
        room.tell(muted=False)
        assert room.asked() == []
        mock_pins.drive(TALK, high=True)
        assert room.asked() == [Mute()]


def test_nobody_else_unmutes_a_push_to_talk(mock_pins: MockPins) -> None:
    """Unmuted by a broker, a page or a mute span's end, it is muted again until one talks."""
    with running(buttons=[{"pin": TALK, "do": "push_to_talk"}]) as room:
        room.asked()
        room.tell(muted=False)
        assert room.asked() == [Mute()]


def test_two_buttons_to_talk(mock_pins: MockPins) -> None:
    """It hears as long as one of them is held."""
    talk = [{"pin": pin, "do": "push_to_talk"} for pin in (TALK, BUTTON)]
    with running(buttons=talk) as room:
        room.asked()
        for pin in (TALK, BUTTON):
            mock_pins.drive(pin, high=False)
        mock_pins.drive(TALK, high=True)
        assert Mute() not in room.asked()
        mock_pins.drive(BUTTON, high=True)
        assert room.asked() == [Mute()]


def test_a_button_that_is_held_at_the_start(mock_pins: MockPins) -> None:
    """Who holds it while the daemon starts is heard."""
    mock_pins.factory.pin(TALK)._set_pull("up")
    mock_pins.drive(TALK, high=False)
    mock_pins.factory.pin(TALK)._set_pull = lambda pull: None
    with running(buttons=[{"pin": TALK, "do": "push_to_talk"}]) as room:
        assert room.asked() == []


def test_the_led_follows_the_state(mock_pins: MockPins) -> None:
    """It is on while the daemon is muted, and goes out when the connection ends."""
    with running(mute_led=LED) as room:
        for muted in (False, True, True, False, True):
            room.tell(muted=muted)
        mock_pins.wait_for(LED, [False, True, False, True])
    assert mock_pins.levels(LED) == [False, True, False, True, False]
    assert not mock_pins.is_output(LED)
    assert not room.events.are_followed


def test_too_many_presses_do_not_end_it(
    mock_pins: MockPins, caplog: pytest.LogCaptureFixture
) -> None:
    """What finds no room at the desk is dropped with a line in the log."""
    with running(buttons=[{"pin": BUTTON, "do": "mute"}]) as room:
        for _ in range(100):
            mock_pins.drive(BUTTON, high=False)
            mock_pins.drive(BUTTON, high=True)
        assert len(room.asked()) == 64
        assert "a button had no effect: too many requests" in caplog.text
        mock_pins.drive(BUTTON, high=False)
        assert len(room.asked()) == 1


def test_impossible_pins_are_refused_before_the_start(mock_pins: MockPins) -> None:
    """Each is named with its key."""
    with pytest.raises(ConfigError) as caught:
        Room(buttons=[{"pin": 99, "do": "mute"}], mute_led=100)
    assert [p.split(": ")[0] for p in caught.value.problems] == [
        "gpio.buttons[0].pin",
        "gpio.mute_led",
    ]


def test_a_start_that_fails_leaves_nothing_open(mock_pins: MockPins) -> None:
    """Where a later pin is somebody else's, the earlier ones are closed again."""
    from gpiozero import Button

    buttons = [{"pin": BUTTON, "do": "mute"}, {"pin": TALK, "do": "push_to_talk"}]
    room = Room(buttons=buttons, mute_led=LED)
    with Button(TALK), pytest.raises(ActionError, match="pin 6 cannot be opened"):
        room.connection.start()
    room.connection.stop(10)
    assert not room.events.are_followed
    assert not mock_pins.is_output(LED)
    room.connection.start()
    room.connection.stop(10)


def test_a_stop_before_a_start(mock_pins: MockPins) -> None:
    """It does nothing."""
    Room(mute_led=LED).connection.stop(0)


def test_without_its_section_nothing_is_loaded() -> None:
    """A daemon without pins, sounds and clips has none of their modules in its memory."""
    code = (
        "import sys; import edge_daemon.daemon;"
        "from edge_daemon.actions import build_actions; from edge_daemon.config import parse_config;"
        "build_actions(parse_config({'actions': [{'say': '*', 'log': {}}]}).actions);"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    parts = ("gpiozero", "lgpio", "wave", "edge_daemon.gpio", "edge_daemon.clips",
             "edge_daemon.review", "edge_daemon.actions.pins", "edge_daemon.actions.output_pin", "edge_daemon.actions.play")  # fmt: skip
    loaded = [x for x in done.stdout.split() if x.startswith(parts)]
    assert loaded == []
