"""gpiozero's pins that are nowhere, which tests drive and wait for."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from edge_daemon.actions import output_pin

GIVE_UP_S = 15.0
"""Only so that a broken test ends; no test depends on it."""


class WatchedPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """A mock pin that can be waited for."""

    changed = threading.Condition()

    def _change_state(self, value: bool) -> bool:
        with self.changed:
            has_changed = bool(super()._change_state(value))
            self.changed.notify_all()
        return has_changed


class MockPins:
    """The pins of a Raspberry Pi, by number."""

    def __init__(self) -> None:
        self.factory = MockFactory(pin_class=WatchedPin)

    def level(self, pin: int) -> bool:
        """Tell whether the pin is high."""
        return bool(self.factory.pin(pin).state)

    def levels(self, pin: int) -> list[bool]:
        """Return the levels that the pin had, in order."""
        return [bool(x.state) for x in self.factory.pin(pin).states]

    def is_output(self, pin: int) -> bool:
        """Tell whether somebody drives the pin."""
        return bool(self.factory.pin(pin).function == "output")

    def drive(self, pin: int, *, high: bool) -> None:
        """Do what a button at the pin does."""
        found = self.factory.pin(pin)
        (found.drive_high if high else found.drive_low)()

    def wait_for(self, pin: int, levels: list[bool]) -> None:
        """Wait until the pin has had these levels."""
        with WatchedPin.changed:
            came = WatchedPin.changed.wait_for(
                lambda: self.levels(pin)[: len(levels)] == levels, GIVE_UP_S
            )
        assert came, f"pin {pin} had {self.levels(pin)}, not {levels}"


@pytest.fixture
def mock_pins() -> Iterator[MockPins]:
    """The pins of a machine on which nothing is open yet; at the end nothing may be."""
    before, made = Device.pin_factory, MockPins()
    Device.pin_factory = made.factory
    yield made
    still_open = sorted(output_pin._OPEN)
    made.factory.close()
    Device.pin_factory = before
    assert still_open == [], "pins that nobody has closed"
