"""Processes that a daemon has left behind, found by what only they have in their environment."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

_TRIES = 500
_PAUSE_S = 0.02


def with_home(home: Path) -> set[int]:
    """Return the processes whose HOME is this folder."""
    mark = f"HOME={home}".encode()
    return {int(p.name) for p in Path("/proc").glob("[0-9]*") if mark in _environment(p)}


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def gone(home: Path, but: set[int] | None = None) -> set[int]:
    """Wait until none but these is left, and return those that stay all the same."""
    left: set[int] = set()
    for _ in range(_TRIES):
        left = with_home(home) - (but or set())
        if not left:
            break
        threading.Event().wait(_PAUSE_S)  # a process that was killed takes a moment to end
    return left


def end(pids: set[int]) -> None:
    """Kill what a test has let live."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
