"""``edge-daemon run`` on gpiozero's mock pins: their levels are told on stdout, stdin drives them.

A line ``PIN LEVEL`` of stdin, such as ``5 0``, is what a button does; one of stdout is what the
daemon does, or ``PIN closed``.
"""

from __future__ import annotations

import sys
import threading

from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin


class ToldPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """Tells what the daemon does to it."""

    def _change_state(self, value: bool) -> bool:
        has_changed = bool(super()._change_state(value))
        if has_changed and self._function == "output":
            _tell(self, int(value))
        return has_changed

    def _set_function(self, value: str) -> None:
        if (self._function, value) == ("output", "input"):
            _tell(self, "closed")
        super()._set_function(value)


def _tell(pin: MockPin, what: object) -> None:
    sys.stdout.write(f"{pin.info.name.removeprefix('GPIO')} {what}\n")
    sys.stdout.flush()


def main() -> int:
    """Run the command line with these pins."""
    factory = MockFactory(pin_class=ToldPin)
    Device.pin_factory = factory
    threading.Thread(target=_drive, args=(factory,), daemon=True).start()
    from edge_daemon.cli import main as run

    return run()


def _drive(factory: MockFactory) -> None:
    for line in sys.stdin:
        pin, level = map(int, line.split())
        found = factory.pin(pin)
        (found.drive_high if level else found.drive_low)()


if __name__ == "__main__":
    sys.exit(main())
