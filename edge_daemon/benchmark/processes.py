"""Other processes that hear a recording: our own, and peers'."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from edge_daemon.benchmark.combination import Combination
from edge_daemon.benchmark.line import Description, Line, Pace
from edge_daemon.errors import EdgeDaemonError

_OURS = "edge_daemon.benchmark.peer"
_START_S = 120.0
"""Time to start in, and to build what a provider keeps for the next time."""
_TIMES_REAL_TIME = 20.0
"""What takes longer than this cannot listen, and is given up."""
_APART = 2.0
"""Of a short recording half may be left out, as less than a hop."""

T = TypeVar("T")


def our_command(combination: Combination) -> list[str]:
    """Return the command that hears a recording as the daemon would."""
    return [sys.executable, "-m", _OURS, *combination.options()]


def peer_command(script: str) -> list[str]:
    """Return the command of a peer: a script, which may have an interpreter of its own before it.

    A script that may not be executed is run by this Python.

    Raises
    ------
    EdgeDaemonError
        When there is no such program.
    """
    try:
        program, *rest = shlex.split(script)
    except ValueError as error:
        raise EdgeDaemonError(f"{script!r}: no command to measure against: {error}") from None
    if os.path.isfile(program):
        path = os.path.abspath(program)
        return [path, *rest] if os.access(path, os.X_OK) else [sys.executable, path, *rest]
    found = shutil.which(program)
    if found is None:
        raise EdgeDaemonError(
            f"{script}: there is no {program} to measure against; what it must answer stands in "
            f"{_OURS.replace('.', '/')}.py"
        )
    return [found, *rest]


def described(command: Sequence[str]) -> Description:
    """Ask a peer who it is.

    Raises
    ------
    EdgeDaemonError
        When it fails, with what it said last.
    """
    return _answer([*command, "--describe"], _START_S, Description)


def heard(command: Sequence[str], audio: Path, audio_s: float, pace: Pace) -> Line:
    """Let a process hear a recording, and return what it cost.

    Raises
    ------
    EdgeDaemonError
        When it fails, with what it said last.
    """
    most_s = _START_S + _TIMES_REAL_TIME * audio_s
    line = _answer([*command, str(audio), "--pace", pace], most_s, Line)
    if not audio_s / _APART <= line.audio_s <= audio_s * _APART:
        raise EdgeDaemonError(f"heard {line.audio_s} s of the {audio_s:g} s that it was given")
    return line


def environment() -> dict[str, str]:
    """Return what the processes run in: as an installed program, which has its byte code.

    Where Python is told to write none, each start may compile all that it imports, which doubles
    or triples the figure.
    """
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def _answer(command: Sequence[str], most_s: float, kind: type[T]) -> T:
    """Run a command to its end and read the last line that it prints."""
    said, complaint, status = _run(command, most_s)
    if status:
        last = (complaint.strip().splitlines() or [f"exit status {status}"])[-1]
        raise EdgeDaemonError(f"{last} (exit status {status})")
    lines = said.strip().splitlines() or [""]
    try:
        return msgspec.json.decode(lines[-1], type=kind)
    except msgspec.DecodeError as error:
        raise EdgeDaemonError(
            f"printed {lines[-1][:80]!r}, not the line asked for: {error}"
        ) from None


def _run(command: Sequence[str], most_s: float) -> tuple[str, str, int]:
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, errors="replace", env=environment(),
            start_new_session=True,  # a process group of its own, so that all of it can be ended
        )  # fmt: skip
    except OSError as error:
        raise EdgeDaemonError(f"cannot be started: {error.strerror or error}") from None
    try:
        said, complaint = process.communicate(timeout=most_s)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise EdgeDaemonError(f"had not ended after {most_s:.0f} s") from None
    except BaseException:  # Ctrl-C, SIGTERM
        _kill(process)
        raise
    return said, complaint, process.returncode


def _kill(process: subprocess.Popen[str]) -> None:
    """End it with all that it started: one that holds the pipes open would be waited for."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
