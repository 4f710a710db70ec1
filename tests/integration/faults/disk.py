"""A small disk of a test's own, which can be full, read-only, or gone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = "256k"


@dataclass
class Disk:
    """A tmpfs; what breaks it has a counterpart that mends it."""

    folder: Path

    def fill(self) -> None:
        """Leave not a byte."""
        file = os.open(self.folder / "filling", os.O_WRONLY | os.O_CREAT)
        try:
            for size in (4096, 1):
                _write_until_full(file, b"x" * size)
        finally:
            os.close(file)

    def empty(self) -> None:
        """Give the room back."""
        (self.folder / "filling").unlink()

    def make_read_only(self) -> None:
        """Refuse every write, root's too."""
        _mount("-o", "remount,ro", str(self.folder))

    def make_writable(self) -> None:
        """Take writes again."""
        _mount("-o", "remount,rw", str(self.folder))

    def remove_folder(self) -> None:
        """Let the folder of the logs be gone."""
        (self.folder / "logs").rename(self.folder / "elsewhere")

    def put_folder_back(self) -> None:
        """Let it be there again."""
        (self.folder / "elsewhere").rename(self.folder / "logs")


BROKEN_AND_MENDED: dict[str, tuple[Callable[[Disk], None], Callable[[Disk], None]]] = {
    "full": (Disk.fill, Disk.empty),
    "read-only": (Disk.make_read_only, Disk.make_writable),
    "folder gone": (Disk.remove_folder, Disk.put_folder_back),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount one; it is gone with the test."""
    if os.geteuid() != 0:
        pytest.skip("a disk of its own needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={SIZE}", "edge-daemon-test", str(folder))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"nothing can be mounted here: {error.stderr.strip()}")
    (folder / "logs").mkdir()
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True, text=True)


def _write_until_full(file: int, data: bytes) -> None:
    try:
        while True:
            os.write(file, data)
    except OSError:
        return
