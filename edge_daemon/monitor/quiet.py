"""The screen kept free of what libraries write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what goes to stderr meanwhile, where that is the screen: PortAudio and ALSA write to it."""
    if not os.isatty(_STDERR):
        yield
        return
    kept, null = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, _STDERR)
    os.close(null)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(kept)
