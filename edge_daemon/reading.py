"""Files of others, read whole: no FIFO makes the reader wait, no device feeds it for ever."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

# O_NONBLOCK: opening a FIFO that nobody writes returns at once; O_NOCTTY: a terminal stays whose
# it is.
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def read_whole(path: str | Path, max_bytes: int) -> bytes:
    """Return what is in a regular file; what is looked at is the file that was opened.

    Raises
    ------
    OSError
        It cannot be read, is no regular file, or holds more; ``strerror`` says which.
    """
    file = os.open(path, _READ)
    with os.fdopen(file, "rb", buffering=0) as opened:
        found = os.fstat(file)
        kind = stat.S_IFMT(found.st_mode)
        if kind == stat.S_IFDIR:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if kind != stat.S_IFREG:
            raise OSError(errno.EINVAL, f"{_KINDS.get(kind, 'something')}, not a file", str(path))
        if found.st_size > max_bytes:
            raise _too_large(path, found.st_size, max_bytes)
        # /proc and the like give a size of 0 and content all the same
        data = _read_up_to(opened.fileno(), max_bytes + 1, found.st_size)
    if len(data) > max_bytes:
        raise _too_large(path, len(data), max_bytes)
    return data


def _read_up_to(file: int, n_bytes: int, expected_bytes: int) -> bytes:
    """Read to the end or so far, in one piece where the size was right."""
    parts = [os.read(file, min(n_bytes, expected_bytes + 1))]
    n_read = len(parts[0])
    while parts[-1] and n_read < n_bytes:
        parts.append(os.read(file, min(n_bytes - n_read, 1 << 20)))
        n_read += len(parts[-1])
    return parts[0] if n_read == len(parts[0]) else b"".join(parts)


def _too_large(path: str | Path, n_bytes: int, max_bytes: int) -> OSError:
    what = f"{n_bytes} bytes or more; at most {max_bytes} are read"
    return OSError(errno.EFBIG, what, str(path))
