"""Files of results."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.outputs import append_line, must_be_writable, write_whole
from tests.limits import file_size_limit


def test_what_is_there_is_replaced(tmp_path: Path) -> None:
    """The new text takes the place of the old one, with its mode, and nothing lies beside it."""
    path = tmp_path / "result.json"
    path.write_text("old and longer")
    path.chmod(0o604)
    write_whole(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o604
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the old file stays, nothing lies beside it, and the message names it."""
    path = tmp_path / "result.json"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EdgeDaemonError, match=r"result\.json: cannot be written: No space left"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_device_is_written_to_as_it_is(tmp_path: Path) -> None:
    """A FIFO, as /dev/stdout may be one, is not replaced by a file."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    write_whole(path, "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert path.is_fifo()


@pytest.mark.parametrize(
    ("name", "says"), [("none/x.json", "does not exist"), (".", "name a file in it")]
)
def test_what_cannot_be_written_is_said_before(tmp_path: Path, name: str, says: str) -> None:
    """A folder that is not there, a folder in place of a file."""
    with pytest.raises(EdgeDaemonError, match=says):
        must_be_writable(tmp_path / name)


def test_no_output_is_no_problem() -> None:
    """Where a result goes to stdout there is nothing to be found out."""
    must_be_writable(None)


def test_lines_are_added_at_the_end(tmp_path: Path) -> None:
    """To a file that is not there, to one that is, and to half a line that a kill has left."""
    path = tmp_path / "log"
    append_line(path, b"1\n")
    append_line(path, b"2\n")
    path.write_bytes(path.read_bytes() + b"tor")
    append_line(path, b"3\n")
    assert path.read_bytes() == b"1\n2\ntor\n3\n"


def test_a_line_that_finds_no_room_is_taken_back(tmp_path: Path) -> None:
    """What was there stays as it was, and the next line is whole again."""
    path = tmp_path / "log"
    path.write_bytes(b"12345\n")
    with file_size_limit(8), pytest.raises(OSError, match=r"space|large"):
        append_line(path, b"67890\n")
    append_line(path, b"next\n")
    assert path.read_bytes() == b"12345\nnext\n"


def test_a_fifo_takes_lines_when_somebody_reads(tmp_path: Path) -> None:
    """Without a reader it is an error at once."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(OSError, match="No such device"):
        append_line(path, b"lost\n")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    append_line(path, b"line\n")
    assert os.read(reader, 10) == b"line\n"
    os.close(reader)
