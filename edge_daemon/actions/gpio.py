"""Switch a pin when a word is heard, such as that of an LED or a relay."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from edge_daemon.actions.output_pin import open_output
from edge_daemon.config import GpioActionConfig
from edge_daemon.types import Detection


class GpioAction:
    """Switches the pin of one rule; rules may share a pin.

    Raises
    ------
    MissingDependency
        There is nothing that drives pins.
    ValueError
        There is no such pin.
    ActionError
        It cannot be opened.
    """

    def __init__(self, config: GpioActionConfig) -> None:
        try:
            self._pin = open_output(config.pin, config.active_high)
        except ValueError as error:
            raise ValueError(f"gpio.pin: {error}") from None
        do: dict[str, Callable[[], None]] = {
            "on": self._pin.on,
            "off": self._pin.off,
            "toggle": self._pin.toggle,
            "pulse": partial(self._pin.pulse, config.ms / 1000),
        }
        self._do = do[config.do]

    def run(self, detection: Detection) -> None:
        """Switch the pin; a pulse ends by itself, in a thread of gpiozero.

        Raises
        ------
        ActionError
            It cannot be switched.
        """
        self._do()

    def close(self) -> None:
        """Give the pin up: off, unless others share it."""
        self._pin.close()
