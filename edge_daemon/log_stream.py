"""The log on stderr, which never waits for whoever reads it."""

from __future__ import annotations

import logging
import os
import select
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    _StreamHandler = logging.StreamHandler[IO[str]]
else:  # Python 3.10 knows no types of it
    _StreamHandler = logging.StreamHandler

_TAKEN_AT_ONCE_BYTES = 4096
"""What a pipe takes without a wait once it says that it has room; POSIX's PIPE_BUF on Linux."""


class NeverWaiting(_StreamHandler):
    """Writes lines to a file of the system, and drops those for which it has no room.

    A pipe that nobody reads, or a terminal that was stopped, would else hold the listening for
    ever. Lines that were dropped are counted, which is said as soon as there is room again.

    Parameters
    ----------
    stream : file
        Asked for room before each line; one that is no file of the system counts as having some.
    """

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        self._fd = _fd_of(stream)
        self._n_dropped = 0
        self._is_torn = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, or count it."""
        if self._fd is None:
            super().emit(record)
            return
        try:
            self._write(self._fd, self.format(record))
        except Exception:  # as every handler does: what fails in the log is no error of the caller
            self.handleError(record)

    def _write(self, fd: int, text: str) -> None:
        if self._n_dropped and _has_room(fd):
            n, self._n_dropped = self._n_dropped, 0
            end, self._is_torn = "\n" * self._is_torn, False
            os.write(fd, f"{end}(nobody read the log: {n} entries were dropped)\n".encode())
        data = memoryview((text + "\n").encode(errors="backslashreplace"))
        while data:
            if not _has_room(fd):
                self._n_dropped += 1
                return
            self._is_torn = True
            data = data[os.write(fd, data[:_TAKEN_AT_ONCE_BYTES]) :]
        self._is_torn = False


def _fd_of(stream: IO[str]) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None


def _has_room(fd: int) -> bool:
    """Tell whether a write returns at once, be it with an error."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))
