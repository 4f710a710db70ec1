"""What systemd is told: ready and alive mean that audio has been processed, and nothing else."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge_daemon.events import Condition
from edge_daemon.systemd import Notifier, watchdog_interval_s

_DEFAULT_WATCHDOG_S = 10.0
_EXTEND_EVERY_S = 10.0
_EXTEND_BY_S = 60.0
_OPENING_AT_MOST_S = 1800.0
"""An engine of TensorRT takes minutes; what takes longer is no start but a hang."""
_STARTING = "starting"

_LOG = logging.getLogger(__name__)


class Health:
    """Follows the audio and keeps systemd's READY, WATCHDOG and STATUS true."""

    def __init__(self) -> None:
        self.is_watched = "NOTIFY_SOCKET" in os.environ
        """A service manager waits for us."""
        self._notifier = Notifier()
        self._watchdog_s = watchdog_interval_s() or _DEFAULT_WATCHDOG_S
        self._is_ready = False
        self._is_lost = self._is_stopping = False
        self._why_lost = self._refused = ""
        self._troubles: dict[str, str] = {}
        self._last_heard = "nothing heard yet"
        self._sent_s = -float("inf")
        self._notifier.status(_STARTING)

    @contextmanager
    def opening(self, what: str, every_s: float = _EXTEND_EVERY_S) -> Iterator[None]:
        """Ask for more time, and show how long it takes, while something is opened."""
        is_open = threading.Event()

        def tell() -> None:
            text, began_s = "", time.monotonic()
            while not is_open.wait(every_s) and time.monotonic() < began_s + _OPENING_AT_MOST_S:
                text = f"opening {what} for {time.monotonic() - began_s:.0f} s"
                _LOG.info("%s", text)
                self._notifier.extend_start(_EXTEND_BY_S)
                self._notifier.status(text)
            if text:
                self._notifier.status(_STARTING)

        thread = threading.Thread(target=tell, name="edge-opening", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_open.set()
            thread.join()

    def audio_processed(self) -> None:
        """Audio went through the pipeline: feed the watchdog."""
        was_lost, self._is_lost = self._is_lost, False
        if not self._is_ready:
            self._is_ready = True
            self._notifier.ready(self.state)
        elif was_lost:
            self._notifier.status(self.state)
        elif not self._is_time(self._watchdog_s):
            return
        self._sent_s = time.monotonic()
        self._notifier.watchdog()

    def heard(self, what: str) -> None:
        """Show what was heard last."""
        self._last_heard = f"last heard {what}"
        self._notifier.status(self.state)

    def trouble(self, kind: str, what: str) -> None:
        """Show what of this kind is wrong though there is audio; nothing, once it is over."""
        if self._troubles.get(kind, "") == what:
            return
        self._troubles[kind] = what
        if self._is_ready and not self._is_lost:
            self._notifier.status(self.state)

    def reloading(self) -> None:
        """Say that another configuration is being taken."""
        if self._is_ready:
            self._notifier.reloading()

    def reloaded(self, refused: str = "") -> None:
        """Say that this is over, and why the one before stays, if it does."""
        self._refused = refused
        if self._is_ready:
            self._notifier.ready(self.state)

    def audio_lost(self, why: str) -> None:
        """Show that there is no audio, and why."""
        self._is_lost = True
        self._why_lost = why
        self._notifier.status(self.state)

    def still_waiting(self) -> None:
        """Ask for more time before the first audio: a sound card may come late."""
        if not self._is_ready and self._is_time(_EXTEND_EVERY_S):
            self._sent_s = time.monotonic()
            self._notifier.extend_start(_EXTEND_BY_S)

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._is_stopping = True
        self._notifier.stopping("stopping")

    @property
    def condition(self) -> Condition:
        """The same in a word."""
        if self._is_stopping:
            return "stopping"
        if self._is_lost:
            return "lost"
        return "listening" if self._is_ready else "starting"

    @property
    def state(self) -> str:
        """The line that systemd is told."""
        if self._is_lost:
            return f"no audio: {self._why_lost}"
        if not self._is_ready:
            return _STARTING
        troubles = [what for what in self._troubles.values() if what]
        said = [*(troubles or ["listening"]), self._last_heard, self._refused]
        return "; ".join(filter(None, said))

    def _is_time(self, every_s: float) -> bool:
        return time.monotonic() - self._sent_s >= every_s
