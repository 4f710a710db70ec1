"""The service manager's end of NOTIFY_SOCKET."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.integration.command_line import GIVE_UP_S


class Notices:
    """Takes what a daemon tells systemd."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def next(self, timeout_s: float) -> list[str]:
        """Return the lines of the next message; none when none comes in this time."""
        self._socket.settimeout(timeout_s)
        try:
            return self._socket.recv(8192).decode().splitlines()
        except TimeoutError:
            return []

    def until(self, wanted: str) -> list[str]:
        """Return all lines up to the next message that has this one."""
        lines: list[str] = []
        while wanted not in "\n".join(lines):
            message = self.next(GIVE_UP_S)
            assert message, f"no {wanted!r} after {lines}"
            lines += message
        return lines

    def until_quiet(self, pause_s: float) -> list[str]:
        """Return all lines up to a pause of this length."""
        lines: list[str] = []
        while message := self.next(pause_s):
            lines += message
        return lines

    def close(self) -> None:
        """Be gone."""
        self._socket.close()
