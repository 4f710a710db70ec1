"""Whether a file could be written, found out before there is anything to write."""

from __future__ import annotations

import os
from pathlib import Path


def unwritable(path: Path) -> str | None:
    """Say why the file could not be written or added to; None where it could. It is not made."""
    folder = path.parent
    if not os.path.isdir(folder):  # Path.is_dir raises for names that no file can have
        return f"the folder {folder} does not exist"
    if os.path.isdir(path):
        return f"{path}: a folder; name a file in it"
    target = path if os.path.exists(path) else folder
    return None if os.access(target, os.W_OK) else f"{target} may not be written by this user"


def write_whole(path: Path, text: str) -> None:
    """Write a file such that there is never half of it: the old one, or the new one.

    Raises
    ------
    OSError
        When it cannot be written, as on a full disk; what was there stays.
    """
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
