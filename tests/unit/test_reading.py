"""Files are read whole, or refused at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_daemon.config import load_config
from edge_daemon.errors import ConfigError
from edge_daemon.reading import read_whole


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 100_000])
def test_a_file_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    """Every byte, up to the limit itself."""
    path = tmp_path / "f"
    path.write_bytes(os.urandom(size))
    assert read_whole(path, size) == path.read_bytes()
    assert read_whole(path, 1 << 20) == path.read_bytes()
    if size:
        with pytest.raises(OSError, match="at most"):
            read_whole(path, size - 1)


def test_a_file_without_a_size_is_read(tmp_path: Path) -> None:
    """What the kernel makes up says 0 bytes and holds more, and is bounded too."""
    assert read_whole("/proc/self/status", 1 << 20).startswith(b"Name:")
    with pytest.raises(OSError, match="at most 10"):
        read_whole("/proc/self/status", 10)


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "fifo", "folder"])
def test_nothing_holds_the_reader_up(tmp_path: Path, path: str) -> None:
    """A FIFO that nobody writes, and a device that never ends, are refused as what they are."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigError, match=r"not a file|directory"):
        load_config(tmp_path / path)
