"""Files of results: whether they could be written, found out before; and then written whole."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError

# O_NONBLOCK: a FIFO that nobody reads is an error, not a caller who stands still.
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


def unwritable(path: Path) -> str | None:
    """Say why the file could not be written or added to; None where it could. It is not made."""
    folder = path.parent
    if not os.path.isdir(folder):  # Path.is_dir raises for names that no file can have
        return f"the folder {folder} does not exist"
    if os.path.isdir(path):
        return f"{path}: a folder; name a file in it"
    target = path if os.path.exists(path) else folder
    return None if os.access(target, os.W_OK) else f"{target} may not be written by this user"


def must_be_writable(path: Path | None) -> None:
    """Find out before anything takes long whether a result can be written there.

    Raises
    ------
    EdgeDaemonError
    """
    problem = None if path is None else unwritable(path)
    if problem:
        raise EdgeDaemonError(f"{path}: cannot be written: {problem}")


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file such that there is never half of it: the old one, or the new one.

    What is no file, such as /dev/stdout, is written to as it is.

    Raises
    ------
    EdgeDaemonError
        When it cannot be written, as on a full disk; what was there stays.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            path.write_bytes(data)
        else:
            _replace(path, data)
    except OSError as error:
        raise EdgeDaemonError(f"{path}: cannot be written: {error.strerror or error}") from None


def _replace(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            with contextlib.suppress(FileNotFoundError):  # who may read it stays as it was
                os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def append_line(path: str | Path, line: bytes) -> None:
    """Add a line to the end of a file: whole or not at all, and never to half of another.

    The file is opened for this line alone, so that one which was moved away is made anew.

    Parameters
    ----------
    path : str or Path
        A file, or a FIFO or device that takes lines.
    line : bytes
        With a newline at its end.

    Raises
    ------
    OSError
    """
    append(path, line if ends_a_line(path) else b"\n" + line)


def append(path: str | Path, data: bytes) -> None:
    """Add to the end of a file, all or nothing.

    Raises
    ------
    OSError
    """
    file = os.open(path, _APPEND, 0o644)
    try:
        size = os.fstat(file).st_size
        written = os.write(file, data)
        if written < len(data):
            with contextlib.suppress(OSError):  # a FIFO keeps what it has taken
                os.ftruncate(file, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def ends_a_line(path: str | Path) -> bool:
    """Tell whether a line may follow: false after a power cut, or a kill in the middle of one.

    Raises
    ------
    OSError
        When a file that is there cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return True
        with open(path, "rb", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 1, 0))
            return file.read(1) in (b"", b"\n")
    except FileNotFoundError:
        return True
