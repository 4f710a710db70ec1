"""A process that is of no use without the one that has started it."""

from __future__ import annotations

import contextlib
import signal

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends, be it by SIGKILL.

    What a kernel or a C library does not have is done without.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
