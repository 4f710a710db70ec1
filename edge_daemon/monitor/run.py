"""The monitor itself: takes news, and shows them on a terminal, or as lines."""

from __future__ import annotations

import os
import queue
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from edge_daemon.monitor.feed import Feed, News
from edge_daemon.monitor.glyphs import glyphs_for
from edge_daemon.monitor.keys import HUNG_UP, Keys
from edge_daemon.monitor.lines import line_of
from edge_daemon.monitor.power import Power
from edge_daemon.monitor.quiet import quiet_stderr
from edge_daemon.monitor.screen import Screen
from edge_daemon.monitor.view import View
from edge_daemon.signals import StopSignal

FRAME_S = 0.2
_TAKES_OVER = ("COLUMNS", "LINES")
"""They would keep rich from seeing that a terminal has another size now."""


class Monitor:
    """Shows a feed until a key, a signal, or the end of its audio.

    Parameters
    ----------
    feed : Feed
    """

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._view = View()
        self._power = Power()
        self._second_s = time.monotonic()
        self._is_pausing = False

    def run(self) -> None:
        """Show it to the end.

        Raises
        ------
        EdgeDaemonError
            The feed cannot go on.
        """
        with StopSignal() as stop, self._pausing():
            self._feed.start(self._news.put)
            try:
                if _has_screen():
                    self._show(stop)
                else:
                    self._print(stop)
            finally:
                self._feed.stop()
                self._power.stop()
        if self._view.ended and self._view.ended.error:
            raise self._view.ended.error

    def _show(self, stop: StopSignal) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in _TAKES_OVER}
        console = Console(_environ=environment)
        glyphs = glyphs_for(console.encoding, environment.get("TERM", ""))
        screen = Screen(self._feed.name, glyphs)
        while self._show_until_a_pause(console, screen, stop):
            self._is_pausing = False
            os.kill(os.getpid(), signal.SIGSTOP)

    def _show_until_a_pause(self, console: Console, screen: Screen, stop: StopSignal) -> bool:
        """Draw, with the terminal as it was at the end; tell whether it is a pause."""
        live = Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with quiet_stderr(), Keys() as keys, live:
            while not (stop or self._is_pausing):
                self._take_news()
                if self._view.ended and self._view.ended.error:
                    return False
                width, height = console.size
                live.update(screen.draw(self._view, width, height, time.time()), refresh=True)
                if self._is_over(keys.wait(FRAME_S)):
                    return False
        return self._is_pausing and not stop

    def _is_over(self, key: str) -> bool:
        if key == "m" and self._view.state:
            self._feed.set_muted(not self._view.state.muted)
        return key in ("q", "Q", HUNG_UP)

    def _print(self, stop: StopSignal) -> None:
        """Print a line a second."""
        glyphs = glyphs_for(sys.stdout.encoding, os.environ.get("TERM", ""))
        n_told = 0
        while not (stop or self._view.ended):
            until_s = time.monotonic() + 1.0
            while not stop and (left_s := until_s - time.monotonic()) > 0:
                time.sleep(min(left_s, FRAME_S))
                self._take_news()
            n_new, n_told = self._view.n_heard - n_told, self._view.n_heard
            print(line_of(self._view, time.time(), n_new, glyphs), flush=True)  # noqa: T201

    def _take_news(self) -> None:
        while True:
            try:
                self._view.take(self._news.get_nowait())
            except queue.Empty:
                break
        if time.monotonic() >= self._second_s:
            self._second_s = max(self._second_s + 1.0, time.monotonic())
            self._view.second(self._power.watts())

    @contextmanager
    def _pausing(self) -> Iterator[None]:
        """Let Ctrl-Z first leave the terminal as it was."""

        def wish(_number: int, _frame: object) -> None:
            self._is_pausing = True

        before = signal.signal(signal.SIGTSTP, wish if _has_screen() else signal.SIG_DFL)
        try:
            yield
        finally:
            signal.signal(signal.SIGTSTP, before)


def _has_screen() -> bool:
    """Tell whether stdout is a terminal whose cursor can be moved."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM", "").lower() not in ("", "dumb", "unknown")
