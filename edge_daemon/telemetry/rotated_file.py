"""A file that grows by lines and never beyond a bound, together with those put aside."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path

from edge_daemon.outputs import append

_LONGEST_HEADING = 64 * 1024


class RotatedFile:
    """Appends lines; a full file is put aside as PATH.1, that before it as PATH.2 and so on.

    All together are never larger than ``(keep + 1) * max_bytes``, if they were not before. The
    file is opened for each line, so that one which was moved or deleted is made anew.
    """

    def __init__(self, path: Path, max_bytes: int, keep: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._keep = keep

    def append(self, line: bytes, heading: bytes = b"") -> None:
        """Write a line, whole or not at all.

        Parameters
        ----------
        line : bytes
            With a newline at its end.
        heading : bytes
            First line of each file; a file that has another is put aside.

        Raises
        ------
        OSError
        """
        if len(heading) + len(line) > self._max_bytes:
            raise OSError(errno.EFBIG, f"a record of {len(line)} bytes is larger than the file")
        size, has_heading, is_torn = self._look(heading)
        if size and (not has_heading or size + is_torn + len(line) > self._max_bytes):
            self._put_aside()
            size, is_torn = 0, False
        append(self._path, (b"\n" if is_torn else b"") + (line if size else heading + line))

    def first_line(self) -> bytes:
        """Return the first line, with its newline; nothing where there is none.

        Raises
        ------
        OSError
        """
        _check(self._path)
        with suppress(FileNotFoundError), self._path.open("rb") as file:
            return file.readline(_LONGEST_HEADING)
        return b""

    def _look(self, heading: bytes) -> tuple[int, bool, bool]:
        """Return the size, whether the file begins with this, and whether its end is torn."""
        _check(self._path)
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return 0, True, False
        try:
            size = os.fstat(file).st_size
            has_heading = os.pread(file, len(heading), 0) == heading
            return size, has_heading, size > 0 and os.pread(file, 1, size - 1) != b"\n"
        finally:
            os.close(file)

    def _put_aside(self) -> None:
        for n in count(self._keep + 1):  # more than are kept now, from an earlier configuration
            if not _unlinked(self._aside(n)):
                break
        if self._keep == 0:
            _unlinked(self._path)
            return
        for n in range(self._keep - 1, -1, -1):
            with suppress(FileNotFoundError):
                os.replace(self._aside(n), self._aside(n + 1))

    def _aside(self, n: int) -> Path:
        return aside(self._path, n)


def aside(path: Path, n: int) -> Path:
    """Return the name of a file that was put aside n times; 0 is the file itself."""
    return path.with_name(f"{path.name}.{n}") if n else path


def _check(path: Path) -> None:
    """Refuse what has no size: a device must not be renamed, and has no end to be read."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")


def _unlinked(path: Path) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True
