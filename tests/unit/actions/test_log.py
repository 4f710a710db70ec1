"""LogAction with real files."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path

import pytest

from edge_daemon.actions.log import LogAction
from edge_daemon.config import LogConfig
from edge_daemon.errors import ActionError

from .programs import ON_AFTER_LIGHT, YES


def _noon() -> datetime:
    return datetime(2026, 3, 1, 12, 0, 0, 5000, tzinfo=timezone.utc)


def test_line_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """A detection is one JSON line on stdout with the time in UTC."""
    LogAction(LogConfig(), now=_noon).run(ON_AFTER_LIGHT)
    assert json.loads(capsys.readouterr().out) == {
        "time": "2026-03-01T12:00:00.005+00:00",
        "label": "on",
        "score": 0.8,
        "time_s": 2.0,
        "after": "light",
    }


def test_lines_are_appended_and_there_at_once(tmp_path: Path) -> None:
    """Each line stands at the end of the file as soon as run returns."""
    path = tmp_path / "log"
    path.write_text("before\n")
    action = LogAction(LogConfig(path=str(path)))
    action.run(YES)
    action.run(ON_AFTER_LIGHT)
    lines = path.read_text().splitlines()
    assert [json.loads(x)["label"] for x in lines[1:]] == ["yes", "on"]


def test_rotated_file_is_made_anew(tmp_path: Path) -> None:
    """A file that was moved away is written anew under its name."""
    path = tmp_path / "log"
    action = LogAction(LogConfig(path=str(path)))
    action.run(YES)
    path.rename(tmp_path / "log.1")
    action.run(YES)
    assert len(path.read_text().splitlines()) == 1


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in a folder that does not exist is an ActionError that names it."""
    path = tmp_path / "missing" / "log"
    with pytest.raises(ActionError, match=f"{path} cannot be written: No such file"):
        LogAction(LogConfig(path=str(path))).run(YES)


def test_full_disk() -> None:
    """A full disk is an ActionError."""
    with pytest.raises(ActionError, match="No space left"):
        LogAction(LogConfig(path="/dev/full")).run(YES)


def test_fifo_without_reader(tmp_path: Path) -> None:
    """A FIFO that nobody reads is an ActionError and does not stand still."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ActionError, match="cannot be written"):
        LogAction(LogConfig(path=str(tmp_path / "fifo"))).run(YES)


def test_closed_stdout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A stdout that was closed is an ActionError."""
    with (tmp_path / "out").open("w") as out:
        pass
    monkeypatch.setattr("sys.stdout", out)
    with pytest.raises(ActionError, match="stdout cannot be written"):
        LogAction(LogConfig()).run(YES)


def test_no_stdout_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was started without a stdout gets an ActionError."""
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(ActionError, match="stdout cannot be written: it is closed"):
        LogAction(LogConfig()).run(YES)
