"""The label file, with writers at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.clips import LABELS_FILE, ClipLabel, Labels
from edge_daemon.clips.names import clip_name, is_clip_name
from edge_daemon.errors import EdgeDaemonError
from tests.unit.clips.labelled import NOON, label


def test_lines_that_are_none_are_left_out(tmp_path: Path) -> None:
    """Half a line after a power cut, and names of other files, hide no label."""
    labels = Labels(tmp_path)
    labels.add(label(0))
    evil = msgspec.structs.replace(label(1), file="../../etc/shadow")
    with (tmp_path / LABELS_FILE).open("ab") as file:
        file.write(msgspec.json.encode(evil) + b"\n[1]\n\xff\n{" + b'"file": ')
    labels.add(label(2))
    assert labels.read() == [label(0), label(2)]


@pytest.mark.parametrize("change", ["symlink", "fifo"])
def test_a_label_file_that_is_none(tmp_path: Path, change: str) -> None:
    """A link leads nowhere else, and a FIFO is not waited for."""
    if change == "symlink":
        (tmp_path / "other").write_text("another's")
        (tmp_path / LABELS_FILE).symlink_to(tmp_path / "other")
    else:
        os.mkfifo(tmp_path / LABELS_FILE)
    with pytest.raises((OSError, EdgeDaemonError)):
        Labels(tmp_path).change(lambda _: label(1))
    if change == "symlink":
        assert (tmp_path / "other").read_text() == "another's"


def test_a_review_and_a_daemon_at_the_same_time(tmp_path: Path) -> None:
    """No line and no verdict is lost while one process adds and another one judges."""
    code = (
        "import sys; from pathlib import Path; from edge_daemon.clips import Labels;"
        "from tests.unit.clips.labelled import label; labels = Labels(Path(sys.argv[1]));"
        "[labels.add(label(n)) for n in range(25)]"
    )
    labels = Labels(tmp_path)
    daemon = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    judged: set[str] = set()
    while daemon.poll() is None or len(judged) < 25:
        for found in labels.read():
            if found.file not in judged:
                judge(labels, found.file)
                judged.add(found.file)
    assert daemon.returncode == 0
    after = labels.read()
    assert [x.file for x in after] == [label(n).file for n in range(25)]
    assert {x.verdict for x in after} == {"accepted"}


def judge(labels: Labels, file: str) -> None:
    """Accept one clip."""

    def accepted(x: ClipLabel) -> ClipLabel:
        return msgspec.structs.replace(x, verdict="accepted") if x.file == file else x

    labels.change(accepted)


def test_threads_of_one_process(tmp_path: Path) -> None:
    """The lock holds between threads, too."""
    labels = Labels(tmp_path)

    def add(start: int) -> None:
        for n in range(start, start + 15):
            labels.add(label(n))
            judge(labels, label(n).file)

    threads = [threading.Thread(target=add, args=(start,)) for start in (0, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = labels.read()
    assert {x.file for x in found} == {label(n).file for n in range(30)}
    assert {x.verdict for x in found} == {"accepted"}


@given(st.text())
def test_every_name_is_one_of_ours(word: str) -> None:
    """What is made is recognised, and has no folder in it."""
    name = clip_name(NOON, word)
    assert is_clip_name(name)
    assert os.path.basename(name) == name


@pytest.mark.parametrize("name", ["", "a.flac", "labels.jsonl", "20260101T000000000Z-yes.flac/.."])
def test_other_names_are_not(name: str) -> None:
    """Files of others are neither removed nor read."""
    assert not is_clip_name(name)
