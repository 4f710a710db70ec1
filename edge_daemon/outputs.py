"""Files of results: whether they could be written, found out before; and then written whole."""

from __future__ import annotations

import os
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError


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


def write_whole(path: Path, text: str) -> None:
    """Write a file such that there is never half of it: the old one, or the new one.

    What is no file, such as /dev/stdout, is written to as it is.

    Raises
    ------
    EdgeDaemonError
        When it cannot be written, as on a full disk; what was there stays.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path, text)
    except OSError as error:
        raise EdgeDaemonError(f"{path}: cannot be written: {error.strerror or error}") from None


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
