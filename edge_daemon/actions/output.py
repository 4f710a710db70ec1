"""What a program prints: logged by line up to a bound, and thrown away beyond it."""

from __future__ import annotations

import logging
import os
from typing import IO

_LOG = logging.getLogger(__name__)

MAX_LOGGED_BYTES = 64 * 1024
MAX_LOGGED_LINES = 200
_CHUNK_BYTES = 64 * 1024
_CHUNKS_A_READ = 16
"""Bounds one read, so that a program that never stops printing cannot hold the worker."""
_TAIL_BYTES = 1024


class ProgramOutput:
    """The read end of a program's stdout and stderr, read without ever blocking."""

    def __init__(self, pipe: IO[bytes], name: str) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe
        self._name = name
        self._bytes_left = MAX_LOGGED_BYTES
        self._lines_left = MAX_LOGGED_LINES
        self._logging = True
        self._unfinished = b""
        self._tail = b""

    @property
    def last_line(self) -> str:
        """The newest line that is not empty, or the end of it if it is very long."""
        return next((text for x in reversed(self._tail.split(b"\n")) if (text := _text(x))), "")

    def read(self) -> None:
        """Take what has come; return at once if there is nothing."""
        for _ in range(_CHUNKS_A_READ):
            chunk = self._pipe.read(_CHUNK_BYTES)
            if not chunk:  # None: nothing there yet; empty: every writer has closed
                return
            self._take(chunk)

    def close(self) -> None:
        """Take what is still in the pipe and close it, even if someone can still write to it."""
        self.read()
        self._log(self._unfinished)
        self._unfinished = b""
        self._pipe.close()

    def _take(self, chunk: bytes) -> None:
        self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
        if not self._logging:
            return
        kept = chunk[: self._bytes_left]
        self._bytes_left -= len(kept)
        *lines, self._unfinished = (self._unfinished + kept).split(b"\n")
        for line in lines:
            self._log(line)
        if len(kept) < len(chunk):
            self._log(self._unfinished)
            self._stop_logging()

    def _log(self, line: bytes) -> None:
        text = _text(line)
        if not text or not self._logging:
            return
        if self._lines_left == 0:
            self._stop_logging()
            return
        self._lines_left -= 1
        _LOG.info("%s: %s", self._name, text, extra={"EDGE_ACTION": self._name})

    def _stop_logging(self) -> None:
        if self._logging:
            _LOG.info("%s: (it printed more than is logged)", self._name)
        self._logging = False
        self._unfinished = b""


def _text(line: bytes) -> str:
    return line.decode(errors="replace").rstrip()
