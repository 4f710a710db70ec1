"""An LED that is on while the daemon is muted."""

from __future__ import annotations

import logging
import threading
from queue import SimpleQueue

from edge_daemon.actions.output_pin import open_output
from edge_daemon.errors import ActionError
from edge_daemon.events import Event, State

_LOG = logging.getLogger(__name__)


class MuteLed:
    """Switches the pin in a thread of its own: some pins are at the other end of a network.

    Raises
    ------
    ActionError
        The pin cannot be opened.
    """

    def __init__(self, pin: int) -> None:
        self._pin = open_output(pin, active_high=True)
        self._shown: bool | None = None
        self._wanted: SimpleQueue[bool | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._show, name="gpio-led", daemon=True)
        self._thread.start()

    def take(self, event: Event) -> None:
        """Show the state; called in the main loop, and never waits."""
        if isinstance(event, State) and event.muted is not self._shown:
            self._shown = event.muted
            self._wanted.put(event.muted)

    def stop(self, timeout_s: float) -> None:
        """Switch it off and close the pin."""
        self._wanted.put(None)
        self._thread.join(timeout_s)
        self._pin.close()

    def _show(self) -> None:
        while (muted := self._wanted.get()) is not None:
            try:
                if muted:
                    self._pin.on()
                else:
                    self._pin.off()
            except ActionError as error:
                _LOG.warning("gpio.mute_led: %s", error)
