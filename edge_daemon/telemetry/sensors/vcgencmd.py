"""Asks the Raspberry Pi's firmware, through the program that comes with the system."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from edge_daemon.telemetry.sensors.permissions import VIDEO_GROUP, fix_for
from edge_daemon.telemetry.sensors.reading import (
    NOT_ALLOWED,
    Lookup,
    Unreadable,
    is_readable,
    is_there,
)

_PROGRAMS = ("usr/bin/vcgencmd", "opt/vc/bin/vcgencmd")
_MAILBOXES = ("dev/vcio_gencmd", "dev/vcio")
"""Newer kernels have one for these questions alone."""
_NOT_LET_IN = ("Can't open device file", "VCHI initialization failed", "Permission denied")
_LONGEST_SHOWN = 100


class Vcgencmd:
    """The program `vcgencmd`; a call costs a fork and an exec."""

    def __init__(self, root: Path = Path("/"), timeout_s: float = 2.0) -> None:
        self._root = root
        self._timeout_s = timeout_s
        self._program = Lookup(self._find)

    def absence(self) -> str:
        """Say why the firmware cannot be asked; empty if it can."""
        return self._program.absence()

    def ask(self, question: str) -> str:
        """Return the answer; raise Unreadable where none comes in time."""
        program = self._program.get()
        try:
            code, answer = self._run([str(program), question])
        except OSError as error:
            self._program.forget()
            raise Unreadable(f"{program} cannot be run: {error.strerror or error}") from error
        if any(text in answer for text in _NOT_LET_IN):
            raise Unreadable(f"the firmware {NOT_ALLOWED}: {fix_for(VIDEO_GROUP)}")
        if code != 0 or answer.startswith("error="):
            said = " ".join(answer.split())[:_LONGEST_SHOWN] or f"exit status {code}"
            raise Unreadable(f"vcgencmd {question}: {said}")
        return answer

    def _run(self, command: list[str]) -> tuple[int, str]:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process:
            try:
                answer, _ = process.communicate(timeout=self._timeout_s)
            except subprocess.TimeoutExpired:
                # Its children too: one that holds the pipe open would be waited for.
                os.killpg(process.pid, signal.SIGKILL)
                raise Unreadable(
                    f"vcgencmd {command[1]} has not answered within {self._timeout_s:g} s"
                ) from None
        return process.returncode, answer.decode(errors="replace")

    def _find(self) -> Path:
        programs = [self._root / name for name in _PROGRAMS]
        program = next((path for path in programs if os.access(path, os.X_OK)), None)
        if program is None:
            raise Unreadable("no vcgencmd: not a Raspberry Pi, or raspi-utils is not installed")
        boxes = [box for name in _MAILBOXES if is_there(box := self._root / name)]
        if boxes and not any(is_readable(box) for box in boxes):
            raise Unreadable(f"{boxes[0]} {NOT_ALLOWED}: {fix_for(VIDEO_GROUP)}")
        return program
