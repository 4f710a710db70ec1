"""The section ``gpio``: buttons ask for muting, an LED shows it."""

from __future__ import annotations

from contextlib import ExitStack

from edge_daemon.actions.pins import must_have_pins, pin_problem
from edge_daemon.config import Config
from edge_daemon.connection import Inside
from edge_daemon.errors import ConfigError
from edge_daemon.events import Take
from edge_daemon.gpio.buttons import Buttons
from edge_daemon.gpio.mute_led import MuteLed


class GpioConnection:
    """The pins of the section, open from `start` to `stop`.

    Raises
    ------
    MissingDependency
        There is nothing that drives pins.
    ConfigError
        There is no such pin.
    """

    def __init__(self, config: Config, inside: Inside) -> None:
        self._config = config.gpio
        self._inside = inside
        self._open = ExitStack()
        self._stop_led_within_s = 0.0
        must_have_pins()
        _check_pins(config)

    def start(self) -> None:
        """Open the pins, and follow the daemon's state.

        Raises
        ------
        ActionError
            A pin cannot be opened, as when another program holds it.
        """
        with ExitStack() as opened:
            if self._config.mute_led is not None:
                led = MuteLed(self._config.mute_led)
                opened.callback(lambda: led.stop(self._stop_led_within_s))
                self._follow(led.take, opened)
            if self._config.buttons:
                buttons = Buttons(self._config.buttons, self._inside.desk)
                opened.callback(buttons.close)
                self._follow(buttons.take, opened)
                buttons.begin()
            self._open = opened.pop_all()

    def stop(self, timeout_s: float) -> None:
        """Close the pins; the LED goes out. The daemon stays as muted as it is."""
        self._stop_led_within_s = timeout_s
        self._open.close()

    def _follow(self, take: Take, opened: ExitStack) -> None:
        self._inside.events.subscribe(take)
        opened.callback(self._inside.events.unsubscribe, take)


def _check_pins(config: Config) -> None:
    pins = [(where, pin) for where, pin, _ in config.pins() if where.startswith("gpio.")]
    found = [(where, pin_problem(pin)) for where, pin in pins]
    problems = [f"{where}: {problem}" for where, problem in found if problem]
    if problems:
        raise ConfigError(problems)
