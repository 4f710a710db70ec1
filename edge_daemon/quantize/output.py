"""The place of a quantized model and its reports: held by one run, filled at once or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.outputs import must_be_writable


class Output:
    """A model's file and its reports beside it.

    While it is held, a hidden folder beside the output is the lock, and takes the files until they
    are complete. It is gone afterwards, whatever happens; what a killed run has left is taken over.

    Raises
    ------
    EdgeDaemonError
        When it cannot be written, or another run holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.json_path = path.with_suffix(".report.json")
        self.html_path = path.with_suffix(".report.html")
        self._folder = path.with_name(f".{path.name}.quantizing")
        self._lock = -1

    @property
    def staged(self) -> Path:
        """Where the model is written first."""
        return self._folder / self.path.name

    @property
    def staged_json(self) -> Path:
        """Where the report is written first."""
        return self._folder / self.json_path.name

    @property
    def staged_html(self) -> Path:
        """Where the page is written first."""
        return self._folder / self.html_path.name

    def __enter__(self) -> Output:
        for path in (self.path, self.json_path, self.html_path):
            must_be_writable(path)
        with self.named():
            self._lock = self._hold()
            for left_behind in self._folder.iterdir():
                left_behind.unlink()
        return self

    def _hold(self) -> int:
        """Make the folder and lock it; anew when the one that held it has just removed it."""
        while True:
            self._folder.mkdir(exist_ok=True)
            try:
                fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(fd)
                raise EdgeDaemonError(
                    f"{self.path}: another run is writing it; wait for it, or give another output"
                ) from None
            if os.path.isdir(self._folder) and os.path.samestat(
                os.fstat(fd), os.stat(self._folder)
            ):
                return fd
            os.close(fd)

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        os.close(self._lock)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Name the output in what the disk says, such as that it is full."""
        try:
            yield
        except EdgeDaemonError:
            raise
        except OSError as error:
            raise EdgeDaemonError(
                f"{self.path}: cannot be written: {error.strerror or error}"
            ) from None

    def publish(self) -> None:
        """Put the staged files in their places: the reports, then the model.

        Raises
        ------
        EdgeDaemonError
        """
        moves = [
            (self.staged_json, self.json_path), (self.staged_html, self.html_path),
            (self.staged, self.path),
        ]  # fmt: skip
        with self.named():
            for staged, _ in moves:
                _flush(staged)
            with _undisturbed():
                for staged, place in moves:
                    os.replace(staged, place)


def _flush(path: Path) -> None:
    """Have the disk take a file before its name means anything; a full one says so now."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no Ctrl-C come between the report and its model: it is over in a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
