"""A terminal for a program under test: a real pty, and what can be read on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from tests.integration.command_line import ROOT
from tests.integration.picture import Picture
from tests.integration.sound_server import DIES_WITH_US

PATIENCE_S = 40.0


class Terminal:
    """``edge-daemon`` with these arguments on a terminal; killed at the end, if it goes on."""

    def __init__(
        self,
        *arguments: str | Path,
        width: int = 80,
        height: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.picture = Picture(width, height)
        self.output = b""
        """All that it wrote."""
        self._news = threading.Condition()
        self._has_ended = False
        self._problem = ""
        self._master, slave = pty.openpty()
        self._set_size(width, height)
        self.modes_before = termios.tcgetattr(self._master)
        dropped = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
        kept = {k: v for k, v in os.environ.items() if k not in dropped}
        self.process = subprocess.Popen(
            [
                *DIES_WITH_US,
                "setsid",
                "--ctty",
                sys.executable,
                "-m",
                "edge_daemon",
                *map(str, arguments),
            ],
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", **(env or {})},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def press(self, key: str) -> None:
        """Type this."""
        os.write(self._master, key.encode())

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        with self._news:
            self.picture.resize(width, height)
            self._set_size(width, height)
        self.process.send_signal(signal.SIGWINCH)

    def wait_for(self, *wanted: str) -> str:
        """Return the screen as soon as all of this stands on it."""
        return self.wait_until(lambda text: all(x in text for x in wanted), " and ".join(wanted))

    def wait_until(self, is_there: Callable[[str], bool], what: str = "") -> str:
        """Return the screen as soon as it is so."""
        with self._news:
            found = self._news.wait_for(
                lambda: is_there(self.picture.text) or self._has_ended or self._problem,
                PATIENCE_S,
            )
            text = self.picture.text
        assert not self._problem, self._problem
        assert found, f"{what} is not on the screen:\n{text}"
        assert is_there(text), f"it has ended without {what}:\n{text}\n{self.output[-2000:]!r}"
        return text

    def hang_up(self) -> None:
        """Take the terminal away, as a connection that breaks does."""
        self.process.send_signal(signal.SIGHUP)

    def end(self) -> int:
        """Wait for the end of the program and return its exit code."""
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    @property
    def modes(self) -> object:
        """How the terminal treats what is typed and shown."""
        return termios.tcgetattr(self._master)

    def _set_size(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # nobody has it open any more
                data = b""
            with self._news:
                self.output += data
                self._has_ended = not data
                try:
                    self.picture.feed(data)
                except AssertionError as error:
                    self._problem = str(error)
                self._news.notify_all()
            if not data:
                return

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE_S)
        os.close(self._master)
