"""The process that quantizes: started with the least priority, watched, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_LOWLY = Path(__file__).with_name("lowly.py")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_THE_DAEMONS_OWN = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "CREDENTIALS_DIRECTORY")
TERMINATE_S = 0.2
"""From SIGTERM to SIGKILL at a stop of the daemon."""
KILL_S = 0.3
"""Longest wait after SIGKILL: a process of least priority may have to wait until it can die."""
_SLICE_S = 0.01
_LONGEST_LINE = 300


class Child:
    """A program in the background whose output goes to a file.

    Parameters
    ----------
    argv : sequence of str
        The program, with its whole path, and its arguments.
    folder : Path
        For its temporary files.
    log : Path
        Takes what it says.

    Raises
    ------
    OSError
        When it cannot be started.
    """

    def __init__(self, argv: Sequence[str], folder: Path, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LOWLY), str(os.getpid()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(folder),
                start_new_session=True,  # a process group of its own, so that all of it can be ended
            )
        self.pid = self._process.pid
        """The number of the process, and of its group."""

    def exit_code(self) -> int | None:
        """Return how it ended, a signal as a negative number; None while it runs."""
        # WNOWAIT leaves the zombie, so that its id, which is also its group's, stays ours
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        ended = os.waitid(os.P_PID, self.pid, options)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def last_words(self) -> str:
        """Return the last line of what it said, without the name of the program."""
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").split("\n")
            said = [line.rpartition("\r")[2].strip() for line in lines if line.strip()]
            if said:
                return said[-1].removeprefix("edge-daemon: ")[:_LONGEST_LINE]
        return "it said nothing"

    def end(self) -> None:
        """End it and all that it has started; returns when they are gone."""
        if self._process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        until = time.monotonic() + TERMINATE_S
        while self.exit_code() is None and time.monotonic() < until:
            time.sleep(_SLICE_S)
        self._signal(signal.SIGKILL)  # it, or what is left of its group
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_S)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in _THE_DAEMONS_OWN}
    return {**kept, **dict.fromkeys(_ONE_THREAD, "1"), "TMPDIR": str(folder)}
