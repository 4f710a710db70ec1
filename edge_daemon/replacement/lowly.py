"""Runs a program with the least claim to anything: ``python lowly.py PARENT PROGRAM ...``.

It lowers itself and then becomes the program, so that this holds for all threads and children
that the program makes. To do so between fork and exec, in a process with PortAudio's threads,
would not be safe. What a kernel does not have is left out. The program ends with its parent.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

_LEAST_NICE = 19
_FIRST_TO_BE_KILLED = 1000
_PR_SET_PDEATHSIG = 1


def _lower() -> None:
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _LEAST_NICE)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    # niceness counts within a session only, where the kernel groups by sessions
    for name, value in (("autogroup", _LEAST_NICE), ("oom_score_adj", _FIRST_TO_BE_KILLED)):
        with contextlib.suppress(OSError):
            Path("/proc/self", name).write_text(str(value))


def _end_with(parent: int) -> None:
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it has ended meanwhile
        sys.exit(1)


if __name__ == "__main__":
    _lower()
    _end_with(int(sys.argv[1]))
    try:
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell is what is wanted
    except OSError as failure:
        sys.exit(f"{sys.argv[2]}: {failure.strerror}")
