"""A network of one document's own: its ports are free, and it needs no other machine."""

from __future__ import annotations

import os
import shutil
import subprocess


class OwnNetwork:
    """A loopback that only those see who enter; this machine's network where root is needed.

    It lasts as long as the process that holds it, which ends with its stdin, so with us.
    """

    def __init__(self) -> None:
        self._holder: subprocess.Popen[str] | None = None
        self.enter: tuple[str, ...] = ()
        """What a command is started with to be in it."""
        if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
            return
        holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert holder.stdout is not None
        self._holder = holder
        if holder.stdout.readline() == "up\n":
            self.enter = ("nsenter", "--net", f"--target={holder.pid}")

    def end(self) -> None:
        """Let it go; it is gone with the last one who is in it."""
        if self._holder is not None:
            self._holder.communicate()
