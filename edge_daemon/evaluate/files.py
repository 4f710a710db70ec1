"""The audio files of a folder or a tar, by name, one after the other."""

from __future__ import annotations

import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from edge_daemon.errors import EdgeDaemonError

_DAMAGED = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One recording: its name below the folder, and where its bytes are."""

    name: str
    file: Path | BinaryIO

    @property
    def folder(self) -> str:
        """Name of the folder that it lies in."""
        return PurePosixPath(self.name).parent.name


class AudioFiles:
    """The files of a folder or a tar (compressed or not) whose names are wanted.

    Parameters
    ----------
    path : Path
    is_wanted : callable
        Takes a name below the path, with slashes.

    Raises
    ------
    EdgeDaemonError
        When there is no such folder or tar, or the tar is damaged.
    """

    def __init__(self, path: Path, is_wanted: Callable[[str], bool]) -> None:
        self.path = path
        self._is_tar = os.path.isfile(path)  # False for a path that cannot be
        self.names = set(filter(is_wanted, self._all_names()))

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[AudioFile]:
        if self._is_tar:
            packed = self._packed(self.names)
            yield from (AudioFile(f.name, f) for f in packed if f.name in self.names)
            return
        for name in sorted(self.names):
            yield AudioFile(name, self.path / name)

    def _all_names(self) -> Iterator[str]:
        if self._is_tar:
            names: Iterable[str] = (f.name for f in self._packed(wanted=()))
        elif os.path.isdir(self.path):
            files = filter(os.path.isfile, self.path.rglob("*.*"))
            names = (p.relative_to(self.path).as_posix() for p in files)
        else:
            raise EdgeDaemonError(f"{self.path}: no such folder or tar")
        yield from names

    def _packed(self, wanted: Container[str]) -> Iterator[_PackedFile]:
        """Yield every file of the tar, with its bytes only where its name is wanted."""
        try:
            with tarfile.open(self.path) as tar:
                for member in tar:
                    if member.isfile():
                        stream = tar.extractfile(member) if member.name in wanted else None
                        yield _PackedFile(member.name, stream.read() if stream else b"")
                while tar.fileobj and tar.fileobj.read(1 << 20):
                    pass  # to the end, where gzip keeps its checksum
        except _DAMAGED as error:
            reason = str(error).partition(":\n")[0]
            raise EdgeDaemonError(f"{self.path}: not a tar that can be read: {reason}") from None


class _PackedFile(io.BytesIO):
    """A file of a tar, held in memory; its name is what messages about it say."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name
