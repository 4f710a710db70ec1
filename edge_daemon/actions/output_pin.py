"""The output pins of this process: each is opened once, whoever shares it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge_daemon.actions.pins import must_have_pins, not_opened, pin_problem
from edge_daemon.errors import ActionError

if TYPE_CHECKING:
    from gpiozero import DigitalOutputDevice

_LOG = logging.getLogger(__name__)


class OutputPin:
    """One holder's share of a pin: what on and off mean to it; closed by `close`."""

    def __init__(self, line: _Line, active_high: bool) -> None:
        self.active_high = active_high
        self._line = line

    def on(self) -> None:
        """Switch it on until something else is asked of it."""
        with self._device() as device:
            device.on()

    def off(self) -> None:
        """Switch it off."""
        with self._device() as device:
            device.off()

    def toggle(self) -> None:
        """Switch it off if it is on, else on."""
        with self._device() as device:
            device.toggle()

    def pulse(self, seconds: float) -> None:
        """Switch it on, and off again after so long; a pulse that goes on begins anew."""
        with self._device() as device:
            device.blink(on_time=seconds, off_time=0, n=1)

    def close(self) -> None:
        """Give up the share; the pin is switched off and closed with the last one."""
        _give_up(self._line, self)

    @contextlib.contextmanager
    def _device(self) -> Iterator[DigitalOutputDevice]:
        line = self._line
        with line.lock:
            if self not in line.holders:
                raise ActionError(f"pin {line.pin} was given up: the configuration has changed")
            line.device.active_high = self.active_high
            try:
                yield line.device
            # lgpio.error and others are children of Exception only
            except Exception as error:
                raise ActionError(f"pin {line.pin} cannot be switched: {error}") from error


class _Line:
    """An open pin with all who share it."""

    def __init__(self, pin: int, active_high: bool) -> None:
        from gpiozero import DigitalOutputDevice

        self.pin = pin
        self.lock = threading.Lock()
        self.device: DigitalOutputDevice = DigitalOutputDevice(pin, active_high=active_high)
        self.holders: list[OutputPin] = []


_OPEN: dict[int, _Line] = {}
"""The pins are one for the process: a reload holds those of before and of after for a moment."""
_OPENING = threading.Lock()


def open_output(pin: int, active_high: bool) -> OutputPin:
    """Return a share of the pin, which is opened, and off, if nobody has one yet.

    Raises
    ------
    MissingDependency
        gpiozero, or what drives the pins, is not there.
    ValueError
        There is no such pin.
    ActionError
        It cannot be opened, as when another program holds it.
    """
    must_have_pins()
    problem = pin_problem(pin)
    if problem:
        raise ValueError(problem)
    with _OPENING:
        line = _OPEN.get(pin) or _opened(pin, active_high)
        _OPEN[pin] = line
        share = OutputPin(line, active_high)
        with line.lock:
            line.holders.append(share)
    return share


def _opened(pin: int, active_high: bool) -> _Line:
    try:
        return _Line(pin, active_high)
    except Exception as error:
        raise ActionError(not_opened(pin, error)) from None


def _give_up(line: _Line, share: OutputPin) -> None:
    with _OPENING, line.lock:
        if share not in line.holders:
            return
        line.holders.remove(share)
        try:
            _settle(line)
        except Exception:  # a pin that cannot be switched must not keep the daemon from going on
            _LOG.exception("gpio: pin %d cannot be switched off", line.pin)


def _settle(line: _Line) -> None:
    """Close what nobody shares any more; off where on is another level from now on."""
    if not line.holders:
        del _OPEN[line.pin]
        with contextlib.closing(line.device):
            line.device.off()
    elif all(x.active_high != line.device.active_high for x in line.holders):
        line.device.active_high = line.holders[0].active_high
        line.device.off()
