"""Run a program when a word is heard; never through a shell."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import IO, cast

from edge_daemon.actions.output import ProgramOutput
from edge_daemon.config import CommandConfig
from edge_daemon.errors import ActionBusyError, ActionError
from edge_daemon.types import Detection

KILL_AFTER_S = 1.0
"""From SIGTERM to SIGKILL."""

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The rest stays here: NOTIFY_SOCKET would let a program speak for the daemon, and
# OMP_NUM_THREADS or a virtual environment are the daemon's own affair.
_PASSED_ON = ("HOME", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")

Clock = Callable[[], float]


class CommandAction:
    """Starts the program of one rule, with the detection in its environment."""

    def __init__(
        self, config: CommandConfig, name: str = "command", clock: Clock = time.monotonic
    ) -> None:
        self._config = config
        self._name = name
        self._clock = clock
        self._running: list[CommandJob] = []

    def run(self, detection: Detection) -> CommandJob:
        """Start the program.

        Raises
        ------
        ActionBusyError
            As many runs as ``concurrency`` allows are still going on.
        ActionError
            The program cannot be started.
        """
        self._running = [job for job in self._running if not job.finished]
        if len(self._running) >= self._config.concurrency:
            raise ActionBusyError(
                f"{self._config.argv[0]} still runs {len(self._running)} time(s); "
                f"concurrency allows {self._config.concurrency}"
            )
        process = self._start(detection)
        job = CommandJob(process, self._config, self._name, self._clock)
        self._running.append(job)
        return job

    def _start(self, detection: Detection) -> subprocess.Popen[bytes]:
        program = self._config.argv[0]
        try:
            return subprocess.Popen(
                self._config.argv,
                bufsize=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(detection),
                start_new_session=True,  # a process group of its own, so that all of it can be ended
            )
        except OSError as error:
            reason = program_problem(self._config.argv) or f"{program}: {error.strerror}"
            raise ActionError(f"cannot be started: {reason}") from error
        except ValueError as error:
            raise ActionError(f"{program!r} cannot be started: {error}") from error


class CommandJob:
    """A running program; it ends when the program itself ends.

    What the program leaves running in the background lives on without the daemon reading its
    output, except after a time-out or a cancel, which end the whole process group.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], config: CommandConfig, name: str, clock: Clock
    ) -> None:
        self.finished = False
        self._process = process
        self._program = config.argv[0]
        self._timeout_s = config.timeout_s
        self._clock = clock
        self._deadline = clock() + config.timeout_s
        self._kill_at: float | None = None
        self._stopped_because = ""
        self._output = ProgramOutput(cast(IO[bytes], process.stdout), name)

    def poll(self) -> bool:
        """Read output, hold the time limit, and return True once the program ended with 0.

        Raises
        ------
        ActionError
            It ended with another code, took too long, or was cancelled.
        """
        if self.finished:
            return True
        self._output.read()
        if not self._has_exited():
            self._hold_limits()
            return False
        self._finish()
        return True

    def cancel(self) -> None:
        """Send SIGTERM to the whole process group; SIGKILL at the second call."""
        if self.finished:
            return
        if self._kill_at is None:
            self._stop("was cancelled")
        else:
            self._signal(signal.SIGKILL)

    def _has_exited(self) -> bool:
        # WNOWAIT leaves the zombie, so that its id, which is also its group's, stays ours.
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        try:
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        except ChildProcessError:  # someone else has waited for it
            return True

    def _hold_limits(self) -> None:
        now = self._clock()
        if self._kill_at is None:
            if now >= self._deadline:
                self._stop(f"took longer than {self._timeout_s:g} s and was ended")
        elif now >= self._kill_at:
            self._signal(signal.SIGKILL)

    def _stop(self, because: str) -> None:
        self._stopped_because = because
        self._kill_at = self._clock() + KILL_AFTER_S
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        # A program that took other rights (setuid) may not be signalled; nothing can be done.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _finish(self) -> None:
        if self._stopped_because:
            self._signal(signal.SIGKILL)  # what is left of the group
        code = self._process.wait()
        self._output.close()
        self.finished = True
        if self._stopped_because:
            raise ActionError(f"{self._program} {self._stopped_because}")
        if code:
            last_line = self._output.last_line
            said = f": {last_line}" if last_line else " and printed nothing"
            raise ActionError(f"{self._program} {_ending(code)}{said}")


def program_problem(argv: Sequence[str]) -> str | None:
    """Say why the program could not be started; None if nothing stands against it."""
    program = argv[0]
    if "/" not in program:
        if shutil.which(program, path=_search_path()):
            return None
        return f"{program}: no such program in PATH ({_search_path()})"
    if not program.startswith("/"):
        return f"{program}: write the whole path; programs start in /"
    if not os.path.exists(program):
        return f"{program}: no such file"
    if os.path.isdir(program) or not os.access(program, os.X_OK):
        return f"{program}: not an executable file (chmod +x?)"
    return None


def _search_path() -> str:
    return os.environ.get("PATH") or _DEFAULT_PATH


def _environment(detection: Detection) -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed_on | {
        "PATH": _search_path(),
        "EDGE_DAEMON_LABEL": detection.label,
        "EDGE_DAEMON_SCORE": f"{detection.score:.4f}",
        "EDGE_DAEMON_TIME_S": f"{detection.time_s:.3f}",
        "EDGE_DAEMON_AFTER": detection.after or "",
    }


def _ending(code: int) -> str:
    if code > 0:
        return f"exited with {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
