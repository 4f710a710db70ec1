"""What drives the pins of this machine: found and loaded, or said to be missing."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator

from edge_daemon.errors import MissingDependency

_LOG = logging.getLogger(__name__)

FIX = (
    "on a Raspberry Pi: pip install 'edge-daemon[gpio]' (gpiozero and lgpio), and the user in the "
    "group gpio (sudo usermod -aG gpio USER); for the service deploy/drop-ins/gpio.conf"
)


def must_have_pins() -> None:
    """Load gpiozero, and with it what drives the pins of this machine.

    Raises
    ------
    MissingDependency
        One of them is not there, or may not be used.
    """
    try:
        from gpiozero import Device
    except ImportError as error:
        raise MissingDependency(f"GPIO needs gpiozero ({error}); {FIX}") from None
    if Device.pin_factory is not None:
        return
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with _in_a_writable_folder():
                Device.ensure_pin_factory()
        # what a library of a pin factory raises is its own
        except Exception as error:
            why = said[0].message if said else error
            raise MissingDependency(f"GPIO: no pin can be driven here: {why}; {FIX}") from None
    for warning in said:
        _LOG.warning("gpio: %s", warning.message)


@contextlib.contextmanager
def _in_a_writable_folder() -> Iterator[None]:
    """Change the working directory: lgpio makes a FIFO there, once, or cannot be imported.

    Source: https://github.com/gpiozero/gpiozero/issues/1106
    """
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with tempfile.TemporaryDirectory(prefix="edge-daemon-gpio-") as folder:
            os.chdir(folder)
            try:
                yield
            finally:
                os.fchdir(here)
    finally:
        os.close(here)


def pin_problem(pin: int) -> str | None:
    """Say that this machine has no such pin; None where it has. `must_have_pins` comes before."""
    from gpiozero import Device

    board = Device.pin_factory.board_info
    if any(True for _ in board.find_pin(pin)):
        return None
    return f"{pin}: no such GPIO on a {board.description}"


def not_opened(pin: int, error: Exception) -> str:
    """Say that a pin cannot be opened, and what to do."""
    return (
        f"GPIO: pin {pin} cannot be opened: {str(error) or type(error).__name__}; does another "
        f"program hold it? Else: {FIX}"
    )
