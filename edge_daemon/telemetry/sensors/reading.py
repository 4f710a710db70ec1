"""What a sensor says: a value, or why there is none."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

_LONGEST_BYTES = 4096
"""A file of sysfs is at most a page long."""
_LONGEST_SHOWN = 40
"""Characters of garbage that a reason quotes."""
NOT_ALLOWED = "may not be read by this user"
"""In every reason that a permission would mend."""
_LARGEST = 2**64
"""The kernel has no larger numbers."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: a value, or None and the reason."""

    value: float | None
    reason: str = ""


class Unreadable(Exception):
    """A sensor cannot be read; its text is the reason. It never leaves this package."""


class Lookup(Generic[T]):
    """What was found in the tree; looked for anew after a reading failed.

    A driver that is loaded again comes back under another number.
    """

    def __init__(self, find: Callable[[], T]) -> None:
        self._find = find
        self._found: T | None = None

    def absence(self) -> str:
        """Say why there is nothing to read; empty if there is. Measures nothing, so cannot hang."""
        try:
            self.get()
        except Unreadable as error:
            return str(error)
        return ""

    def get(self) -> T:
        """Return what was found; raise Unreadable where there is nothing."""
        if self._found is None:
            try:
                self._found = self._find()
            except OSError as error:  # a folder vanished while Path.glob was in it
                raise Unreadable(f"cannot be looked for: {error}") from error
        return self._found

    def forget(self) -> None:
        """Look again at the next time."""
        self._found = None

    def read(self, measure: Callable[[T], Reading]) -> Reading:
        """Measure what was found; a failure becomes the reason."""
        try:
            return measure(self.get())
        except Unreadable as error:
            self.forget()
            return Reading(None, str(error))


def read_text(path: Path) -> str:
    """Return what a small file holds, without the newline at its end."""
    return _read_bytes(path).decode(errors="replace").strip()


def text_or_nothing(path: Path) -> str:
    """Return what a file that names something holds; empty where it cannot be read."""
    try:
        return read_text(path)
    except Unreadable:
        return ""


def read_int(path: Path) -> int:
    """Return the whole number that a file holds."""
    held = _read_bytes(path)
    try:
        number = int(held)
    except ValueError:
        number = _LARGEST + 1
    if abs(number) > _LARGEST:
        shown = repr(held.decode(errors="replace").strip()[:_LONGEST_SHOWN]) if held else "nothing"
        raise Unreadable(f"{path} holds {shown}, not a number")
    return number


def is_readable(path: Path) -> bool:
    """Tell whether this user may read the file, without reading it: a sensor may hang."""
    return os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids)


def check_readable(path: Path, fix: str = "") -> None:
    """Raise Unreadable if the file is not there or may not be read."""
    if is_readable(path):
        return
    try:
        path.stat()
    except OSError as error:
        raise Unreadable(_why(error, path)) from error
    raise Unreadable(f"{path} {NOT_ALLOWED}" + (f": {fix}" if fix else ""))


def is_there(path: Path) -> bool:
    """Tell whether there is such a file; no where this user may not look."""
    return os.path.exists(path)  # Path.exists raises there


def within(value: float, low: float, high: float, what: str) -> Reading:
    """Return a reading, or raise Unreadable where no such board can be."""
    if not low <= value <= high:  # true for NaN as well
        raise Unreadable(f"{what} cannot be: {value:.6g}")
    return Reading(value)


def watts(value: float, source: str) -> Reading:
    """Return a reading of power; what no machine of this kind draws is garbage."""
    return within(value, 0.0, 10_000.0, f"the power of {source} in watts")


def _read_bytes(path: Path) -> bytes:
    try:
        # not Path.read_bytes, which costs four times as much
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(file, _LONGEST_BYTES)
        finally:
            os.close(file)
    except OSError as error:
        raise Unreadable(_why(error, path)) from error


def _why(error: OSError, path: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no {path}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} {NOT_ALLOWED}"
    return f"{path} cannot be read: {error.strerror or error}"
