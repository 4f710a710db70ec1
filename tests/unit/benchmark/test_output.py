"""Where results are written, and what is left when they cannot be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from edge_daemon.benchmark.output import Output, read_document
from edge_daemon.errors import EdgeDaemonError
from tests.unit.benchmark.results import document


@pytest.mark.parametrize("name", ["pi5.v2", "pi5.v2.json", "pi5.v2.html"])
def test_a_name_may_have_dots_and_its_ending(tmp_path: Path, name: str) -> None:
    """Both files are named after it."""
    output = Output(tmp_path / name)
    assert output.json_path.name == "pi5.v2.json"
    assert output.html_path.name == "pi5.v2.html"


@pytest.mark.parametrize("name", [".json", "none/at/all"])
def test_a_place_that_cannot_be_is_refused(tmp_path: Path, name: str) -> None:
    """Before anything is measured."""
    with pytest.raises(EdgeDaemonError, match=name.partition("/")[0]):
        Output(tmp_path / name)


def test_a_full_disk_leaves_the_result_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was there is whole, and no half of a file beside it."""
    output = Output(tmp_path / "a")
    before = document(took_s=1.0)
    output.write(before)

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EdgeDaemonError, match=r"a\.json: cannot be written: No space left"):
        output.write(document(took_s=2.0))
    assert read_document(output.json_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.json"]
