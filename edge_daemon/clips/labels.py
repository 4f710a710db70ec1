"""The label file of a folder of clips: a JSON line a clip, written by the daemon and by a review.

Both may do so at the same time: whoever writes holds a lock, and whoever reads sees the whole file
of before or of after.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from edge_daemon.clips.names import is_clip_name
from edge_daemon.outputs import append_line, write_whole
from edge_daemon.reading import read_whole

LABELS_FILE = "labels.jsonl"
_LOCK_FILE = ".labels.lock"
_MAX_BYTES = 256 << 20

Verdict: TypeAlias = Literal["accepted", "rejected", "false"]
"""``accepted``, ``rejected``: by a review; ``false``: by a false alarm while the daemon ran."""


class ClipLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a clip."""

    file: str
    """Its name in the folder."""
    label: str
    """The word that was heard."""
    after: str | None
    """The wake word that it followed."""
    score: float
    time: str
    """When it was heard, UTC, ISO 8601."""
    model: str
    at_s: float
    """Where in the clip the decision fell; the word lies before it."""
    verdict: Verdict | None = None
    """None until somebody has judged it."""
    said: str | None = None
    """The word that was really said, where a review has found another one."""


class Labels:
    """The label file of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / LABELS_FILE

    def read(self) -> list[ClipLabel]:
        """Return the labels in the file's order; empty where there is no file.

        Lines that are none, such as half of one after a power cut, are left out.

        Raises
        ------
        OSError
        """
        try:
            data = read_whole(self._path, _MAX_BYTES)
        except FileNotFoundError:
            return []
        return list(_decoded(data))

    def add(self, label: ClipLabel) -> None:
        """Add a line.

        Raises
        ------
        OSError
        """
        with self._locked():
            append_line(self._path, msgspec.json.encode(label) + b"\n")

    def change(self, change: Callable[[ClipLabel], ClipLabel | None]) -> None:
        """Put for each label what is returned for it; None takes its line away.

        Raises
        ------
        OSError, EdgeDaemonError
        """
        with self._locked():
            before = self.read()
            after = [new for old in before if (new := change(old)) is not None]
            if after != before:
                write_whole(self._path, b"".join(msgspec.json.encode(x) + b"\n" for x in after))

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with _opened(self._folder / _LOCK_FILE) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # made here, as what adds a line would make it readable for all
            with _opened(self._path):
                pass
            yield


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file, made for its owner alone where it is missing."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(path, flags, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _decoded(data: bytes) -> Iterator[ClipLabel]:
    for line in data.splitlines():
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
            label = msgspec.json.decode(line, type=ClipLabel)
            if is_clip_name(label.file):  # else it could name any file of this machine
                yield label
