"""Buttons: mute and unmute at each press, or hear only while one is held."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from edge_daemon.actions.pins import not_opened
from edge_daemon.config import ButtonConfig
from edge_daemon.control.desk import Desk
from edge_daemon.control.messages import Answer, Mute, Unmute
from edge_daemon.errors import ActionError
from edge_daemon.events import Event, State

if TYPE_CHECKING:
    from gpiozero import Button

_LOG = logging.getLogger(__name__)


class Buttons:
    """The buttons of a configuration, open until `close`.

    What is pressed is told by gpiozero's thread; the desk takes requests from any.

    Raises
    ------
    ActionError
        A pin cannot be opened.
    """

    def __init__(self, configs: Sequence[ButtonConfig], desk: Desk) -> None:
        self._desk = desk
        self._muted = False
        self._held: set[int] = set()
        """Pins of buttons to talk that are held."""
        self._has_talk = any(config.do == "push_to_talk" for config in configs)
        with ExitStack() as opened:
            self._buttons = [_open(config, opened) for config in configs]
            self._open = opened.pop_all()
        self._configs = configs

    def begin(self) -> None:
        """Answer presses from now on; a button to talk that is not held mutes."""
        for config, button in zip(self._configs, self._buttons, strict=True):
            if config.do == "mute":
                button.when_pressed = self._toggle
                continue
            button.when_pressed = self._presser(config.pin)
            button.when_released = self._releaser(config.pin)
            if button.is_pressed:
                self._held.add(config.pin)
        if self._has_talk and not self._held:
            self._ask(mute=True)

    def take(self, event: Event) -> None:
        """Note the state; who unmutes it while no button to talk is held is overruled."""
        if not isinstance(event, State):
            return
        self._muted = event.muted
        if self._has_talk and not self._held and not event.muted:
            self._ask(mute=True)

    def close(self) -> None:
        """Close the pins; nothing is asked any more."""
        self._open.close()

    def _toggle(self) -> None:
        self._ask(mute=not self._muted)

    def _presser(self, pin: int) -> Callable[[], None]:
        def press() -> None:
            self._held.add(pin)
            self._ask(mute=False)

        return press

    def _releaser(self, pin: int) -> Callable[[], None]:
        def release() -> None:
            self._held.discard(pin)
            if not self._held:
                self._ask(mute=True)

        return release

    def _ask(self, *, mute: bool) -> None:
        self._muted = mute  # the next press may come before the daemon has told its state
        self._desk.submit(Mute() if mute else Unmute(), _complain)


def _complain(answer: Answer) -> None:
    if not answer.ok:
        _LOG.warning("gpio: a button had no effect: %s", "; ".join(answer.problems))


def _open(config: ButtonConfig, opened: ExitStack) -> Button:
    from gpiozero import Button

    bounce_s = config.bounce_ms / 1000 or None
    try:
        button = Button(config.pin, pull_up=config.pull_up, bounce_time=bounce_s)
    # what the library of a pin factory raises is its own
    except Exception as error:
        raise ActionError(not_opened(config.pin, error)) from None
    opened.callback(button.close)
    return button
