"""Downloads a large file over HTTP: resumed where it stopped, and never used unverified."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import rich.progress
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_BLOCK_BYTES = 1 << 20
_TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_RANGE_NOT_SATISFIABLE = 416
_LONGEST_PAUSE_S = 60.0


class FetchError(Exception):
    """The file cannot be had; the message says why and what to do."""


class _Interrupted(Exception):
    """The connection failed in a way that may pass."""


@dataclass(frozen=True)
class Source:
    """Where a file is, and what it is known by."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Patience:
    """How often and how long to try; a try that got further than all before it is free."""

    tries: int = 6
    pause_s: float = 1.0
    """After the first failure; doubles with each one."""
    timeout_s: float = 30.0
    """Longest silence of the server."""


class Downloader:
    """Fetches files into a folder, with a progress bar on a terminal.

    Parameters
    ----------
    patience : Patience
    room : float
        Disk space to leave for what is made of a file, as a multiple of its size.
    """

    def __init__(self, patience: Patience, room: float = 0.0) -> None:
        self._patience = patience
        self._room = room
        self._console = Console(stderr=True)

    def fetch(self, source: Source, folder: Path) -> Path:
        """Return the verified file; what is there already is verified and not fetched again.

        Raises
        ------
        FetchError
        """
        path = folder / source.name
        if path.exists():
            self._verify(path, source)
            return path
        partial = folder / f"{source.name}.partial"
        self._download(source.url, partial)
        self._verify(partial, source)
        partial.replace(path)
        return path

    def _download(self, url: str, partial: Path) -> None:
        """Fill the partial file, as often as it takes."""
        if not url.startswith(("http://", "https://")):
            raise FetchError(f"{url}: only http:// and https:// addresses can be fetched")
        farthest, failures = _size(partial), 0
        while True:
            try:
                self._transfer(url, partial)
                return
            except _Interrupted as error:
                reached = _size(partial)
                failures = 1 if reached > farthest else failures + 1
                farthest = max(farthest, reached)
                self._pause(url, error, failures, reached)

    def _pause(self, url: str, error: _Interrupted, failures: int, reached: int) -> None:
        if failures >= self._patience.tries:
            kept = f"; {reached:,} bytes are kept, run again to go on" if reached else ""
            raise FetchError(f"{url}: {error} ({failures} tries without progress){kept}")
        pause_s = min(self._patience.pause_s * 2 ** (failures - 1), _LONGEST_PAUSE_S)
        self._console.print(f"{error}; again in {pause_s:g} s", markup=False, soft_wrap=True)
        time.sleep(pause_s)

    def _transfer(self, url: str, partial: Path) -> None:
        """Fetch once what is missing; all of it from a server that ignores where to start."""
        answer = self._open(url, partial)
        if answer is None:
            return
        with answer:
            start, total = _start_and_total(answer)
            if start > _size(partial):
                raise FetchError(f"{url}: the server sent from byte {start} on, which leaves a gap")
            if total is not None:
                self._check_room(partial, total - start + round(total * self._room))
            self._store(answer, partial, start, total)
        if total is not None and _size(partial) < total:
            raise _Interrupted(f"the connection ended at {_size(partial):,} of {total:,} bytes")

    def _open(self, url: str, partial: Path) -> Any | None:
        """Ask for what is missing; None when nothing is."""
        have = _size(partial)
        headers = {"User-Agent": "edge_daemon", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 (checked above)
        try:
            return urllib.request.urlopen(request, timeout=self._patience.timeout_s)  # noqa: S310
        except urllib.error.HTTPError as error:
            with error:
                if not (have and error.code == _RANGE_NOT_SATISFIABLE):
                    raise _refusal(url, error) from None
                if _total(error) == have:
                    return None
        except (OSError, http.client.HTTPException) as error:
            raise _failure(url, error) from None
        partial.unlink()  # longer than what the server has
        return self._open(url, partial)

    def _check_room(self, partial: Path, needed: int) -> None:
        free = shutil.disk_usage(partial.parent).free
        if free < needed:
            raise FetchError(
                f"{partial.parent}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB are free; "
                "free some space, or choose another folder with --out"
            )

    def _store(self, answer: Any, partial: Path, start: int, total: int | None) -> None:
        try:
            with self._progress() as bar, partial.open("r+b" if start else "wb") as file:
                task = bar.add_task(partial.stem, total=total, completed=start)
                file.seek(start)
                file.truncate()
                for block in _blocks(answer):
                    file.write(block)
                    bar.advance(task, len(block))
        except OSError as error:
            raise FetchError(
                f"{partial}: cannot be written: {error.strerror}; "
                f"{_size(partial):,} bytes are kept, run again to go on"
            ) from None

    def _verify(self, path: Path, source: Source) -> None:
        """Hold the file to its checksum; set it aside when it is another one."""
        found = self._sha256(path)
        if found == source.sha256:
            return
        wrong = path.with_name(f"{source.name}.wrong")
        path.replace(wrong)
        raise FetchError(
            f"{source.url}: its SHA-256 is\n  {found}, not\n  {source.sha256}\n"
            f"so it was damaged on the way or is another file. It is not used; it is kept as {wrong} "
            "and can be deleted. Run again to fetch it anew"
        )

    def _sha256(self, path: Path) -> str:
        digest = hashlib.sha256()
        with progress_open(path, "checksum") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def _progress(self) -> Progress:
        columns = (
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
            TransferSpeedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        return Progress(*columns, console=self._console, disable=not self._console.is_terminal)


def progress_open(path: Path, description: str) -> AbstractContextManager[BinaryIO]:
    """Open a file to be read, with a progress bar on a terminal."""
    console = Console(stderr=True)
    return rich.progress.open(
        path, "rb", description=description, console=console, disable=not console.is_terminal
    )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _refusal(url: str, error: urllib.error.HTTPError) -> Exception:
    if error.code in _TRANSIENT:
        return _Interrupted(f"the server says {error.code} {error.reason}")
    return FetchError(f"{url}: the server says {error.code} {error.reason}")


def _failure(url: str, error: Exception) -> Exception:
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(f"{url}: {reason}")
    return _Interrupted(str(reason) or type(reason).__name__)


def _start_and_total(answer: Any) -> tuple[int, int | None]:
    """Return the byte that the answer starts at, and the size of the whole file if known."""
    length = answer.headers.get("Content-Length")
    if answer.status != http.client.PARTIAL_CONTENT:
        return 0, int(length) if length else None
    first = answer.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else 0, _total(answer)


def _total(answer: Any) -> int | None:
    """Return the size of the whole file from ``bytes 5-9/10`` or ``bytes */10``."""
    total = answer.headers.get("Content-Range", "").rpartition("/")[2]
    return int(total) if total.isdigit() else None


def _blocks(answer: Any) -> Iterator[bytes]:
    while True:
        try:
            block = answer.read(_BLOCK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(str(error) or type(error).__name__) from None
        if not block:
            return
        yield block
