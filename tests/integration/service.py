"""The real daemon as a service: its log and what it tells systemd are read at all times.

Where `RunningDaemon` reads its log when a test asks, this one never lets it wait, and every wait
for it has an end: a daemon that hangs is seen.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from tests.integration.command_line import ROOT
from tests.integration.sound_server import DIES_WITH_US

PROGRAM = (sys.executable, "-m", "edge_daemon", "run")
PATIENCE_S = 30.0
"""What has not been said by then is not said any more."""
_TICKS_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Said:
    """A line of its log, or of what it told systemd."""

    at_s: float
    """Monotonic clock of the one who reads it."""
    where: Literal["log", "systemd"]
    text: str


class Service:
    """``edge-daemon run`` with a NOTIFY_SOCKET; killed at the end, if nothing else has ended it."""

    def __init__(
        self,
        config: Path,
        folder: Path,
        *,
        program: Sequence[str] = PROGRAM,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.said: list[Said] = []
        self._has_ended = False
        self._news = threading.Condition()
        self._path = folder / f"notify-{time.monotonic_ns()}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        environment = {k: v for k, v in os.environ.items() if k != "JOURNAL_STREAM"}
        self.process = subprocess.Popen(
            [*DIES_WITH_US, *program, "--config", str(config)],
            cwd=ROOT,
            env={**environment, "NOTIFY_SOCKET": str(self._path), **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._readers = [threading.Thread(target=read) for read in (self._log, self._notices)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Service:
        return self

    @property
    def pid(self) -> int:
        """The process, for signals and for /proc."""
        return self.process.pid

    def mark(self) -> int:
        """Return where the next thing that it says will stand; a ``since`` for later."""
        with self._news:
            return len(self.said)

    def find(
        self, wanted: str, since: int = 0, timeout_s: float = PATIENCE_S, *, where: str = ""
    ) -> Said | None:
        """Return the first line since then with this text; None when none comes in this time.

        Nor does it wait for one of a daemon that has ended.
        """
        return self._first(lambda x: wanted in x.text and where in x.where, since, timeout_s)

    def wait_for(self, wanted: str, since: int = 0, *, where: str = "") -> Said:
        """Return the first line since then with this text."""
        found = self.find(wanted, since, where=where)
        assert found is not None, f"no {wanted!r} in:\n{self.tail(since)}"
        return found

    def status(self, wanted: str, since: int = 0) -> Said:
        """Return the first STATUS since then that begins so."""
        return self.wait_for(f"STATUS={wanted}", since, where="systemd")

    def lines(self, since: int = 0) -> list[Said]:
        """Return all that it has said since then."""
        with self._news:
            return self.said[since:]

    def heard(self, since: int = 0) -> list[str]:
        """Return the words in the log since then."""
        lines = [x.text for x in self.lines(since) if x.where == "log"]
        return [line.split("'")[1] for line in lines if "heard '" in line]

    def summary(self, since: int | None = None) -> dict[str, Any]:
        """Return the first summary since then, or the next; telemetry.format is to be json."""
        line = self.wait_for("uptime_s", self.mark() if since is None else since).text
        return _summary(line)

    def last_summary(self) -> dict[str, Any]:
        """Return the newest summary there is; an empty one where there is none."""
        lines = reversed(self.lines())
        return next((_summary(x.text) for x in lines if "uptime_s" in x.text), {})

    def cpu_s(self) -> float:
        """Return the CPU time of all its threads so far, as the kernel counts it."""
        stat = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / _TICKS_HZ

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, read all that it says until its end, and return the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ends(self, timeout_s: float) -> int:
        """End it with SIGTERM if it runs, and with SIGKILL if it hangs; return the exit code."""
        self.process.terminate()
        try:
            return self.ended(timeout_s)
        except subprocess.TimeoutExpired:
            return self.stop(signal.SIGKILL)

    def ended(self, timeout_s: float = PATIENCE_S) -> int:
        """Return the exit code, once it has ended by itself and all it said was read."""
        code = self.process.wait(timeout_s)
        for reader in self._readers:
            reader.join()
        return code

    def told(self, since: int = 0) -> list[str]:
        """Return what it said since then, where to, without its summaries."""
        return [f"{x.where}: {x.text[:300]}" for x in self.lines(since) if "uptime_s" not in x.text]

    def tail(self, since: int = 0) -> str:
        """Return the last of what it said since then, for a message."""
        return "\n".join(self.told(since)[-60:])

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        self._socket.close()
        self._path.unlink()

    def _first(self, is_it: Callable[[Said], bool], since: int, timeout_s: float) -> Said | None:
        deadline_s = time.monotonic() + timeout_s
        with self._news:
            while True:
                for x in self.said[since:]:
                    if is_it(x):
                        return x
                since = len(self.said)
                while len(self.said) == since:
                    left_s = deadline_s - time.monotonic()
                    if self._has_ended or left_s <= 0 or not self._news.wait(left_s):
                        return None

    def _log(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self._add("log", line.decode(errors="replace").rstrip())
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", str(self._path))

    def _notices(self) -> None:
        while message := self._socket.recv(8192):
            for line in message.decode(errors="replace").splitlines():
                self._add("systemd", line)
        with self._news:
            self._has_ended = True
            self._news.notify_all()

    def _add(self, where: Literal["log", "systemd"], text: str) -> None:
        with self._news:
            self.said.append(Said(time.monotonic(), where, text))
            self._news.notify_all()


def _summary(line: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("{" + line.partition("{")[2])
    return found
