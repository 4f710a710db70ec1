"""A file of lines that never grows beyond its bound."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.telemetry.rotated_file import RotatedFile

lines = st.lists(st.integers(1, 60).map(lambda n: b"x" * (n - 1) + b"\n"), max_size=60)


def content(folder: Path) -> dict[str, bytes]:
    """Return all files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@given(lines, st.integers(60, 200), st.integers(0, 3), st.sampled_from([b"", b"a,b\n"]))
def test_bounded(written: list[bytes], max_bytes: int, keep: int, heading: bytes) -> None:
    """All files together stay within (keep + 1) * max_bytes, and the newest lines are kept."""
    with tempfile.TemporaryDirectory() as name:
        file = RotatedFile(Path(name) / "log", max_bytes + len(heading), keep)
        for line in written:
            file.append(line, heading)
            sizes = [path.stat().st_size for path in Path(name).iterdir()]
            assert sum(sizes) <= (keep + 1) * (max_bytes + len(heading))
            assert len(sizes) <= keep + 1
        found = content(Path(name))
        kept = b"".join(found[n].removeprefix(heading) for n in sorted(found, reverse=True))
        assert b"".join(written).endswith(kept)
        assert all(data.startswith(heading) for data in found.values())


def test_files_put_aside(tmp_path: Path) -> None:
    """The newest is put aside as .1, that before it as .2, and the oldest is gone."""
    file = RotatedFile(tmp_path / "log", max_bytes=4, keep=2)
    for text in (b"a\n", b"b\n", b"c\n", b"d\n", b"e\n", b"f\n", b"g\n"):
        file.append(text)
    assert content(tmp_path) == {"log": b"g\n", "log.1": b"e\nf\n", "log.2": b"c\nd\n"}


def test_fewer_are_kept_than_before(tmp_path: Path) -> None:
    """What an earlier configuration kept beyond the bound goes; files of other names stay."""
    for name in ("log", "log.1", "log.2", "log.3", "log.txt", "log.7"):
        (tmp_path / name).write_text("old\n")
    RotatedFile(tmp_path / "log", max_bytes=4, keep=1).append(b"new\n")
    assert sorted(content(tmp_path)) == ["log", "log.1", "log.7", "log.txt"]


def test_a_torn_line_is_ended(tmp_path: Path) -> None:
    """After a power cut the next line does not become a part of the last one."""
    (tmp_path / "log").write_bytes(b"whole\ntor")
    RotatedFile(tmp_path / "log", max_bytes=100, keep=0).append(b"next\n")
    assert content(tmp_path) == {"log": b"whole\ntor\nnext\n"}


def test_another_heading_begins_another_file(tmp_path: Path) -> None:
    """A file with other columns, and one without any, is put aside; the same goes on."""
    file = RotatedFile(tmp_path / "log", max_bytes=100, keep=3)
    file.append(b"{}\n")
    file.append(b"1,2\n", heading=b"a,b\n")
    file.append(b"3,4\n", heading=b"a,b\n")
    file.append(b"5\n", heading=b"a\n")
    assert content(tmp_path) == {"log": b"a\n5\n", "log.1": b"a,b\n1,2\n3,4\n", "log.2": b"{}\n"}


def test_what_is_no_file_stays_as_it_is(tmp_path: Path) -> None:
    """A FIFO or a device is neither waited for nor put aside."""
    os.mkfifo(tmp_path / "log")
    file = RotatedFile(tmp_path / "log", max_bytes=100, keep=3)
    for call in (lambda: file.append(b"x\n", heading=b"a\n"), file.first_line):
        with pytest.raises(OSError, match="not a regular file"):
            call()
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_line_larger_than_the_file(tmp_path: Path) -> None:
    """Such a line is refused, and nothing is put aside for it."""
    file = RotatedFile(tmp_path / "log", max_bytes=10, keep=3)
    file.append(b"short\n")
    with pytest.raises(OSError, match="12 bytes"):
        file.append(b"x" * 11 + b"\n")
    assert content(tmp_path) == {"log": b"short\n"}


def test_moved_away_and_deleted(tmp_path: Path) -> None:
    """A file that somebody else moved is made anew; a folder that is gone is not."""
    folder = tmp_path / "logs"
    folder.mkdir()
    file = RotatedFile(folder / "log", max_bytes=100, keep=0)
    file.append(b"1\n")
    (folder / "log").rename(folder / "moved")
    file.append(b"2\n")
    assert content(folder) == {"log": b"2\n", "moved": b"1\n"}
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        file.append(b"3\n")
    assert not folder.exists()


def test_a_line_is_whole_or_not_there(tmp_path: Path) -> None:
    """Where only a part of a line finds room, that part is taken back."""
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from edge_daemon.telemetry.rotated_file import RotatedFile\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))\n"
        "file = RotatedFile(Path(sys.argv[1]), 1000, 1)\n"
        "file.append(b'1234567\\n')\n"
        "try: file.append(b'1234567\\n')\n"
        "except OSError as error: print(error.strerror)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "log")],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() in ("No space left on device", "File too large")
    assert content(tmp_path) == {"log": b"1234567\n"}
