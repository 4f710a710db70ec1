"""Reading a log: both forms, files put aside, and whatever else is in them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.day import read_log
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.telemetry.record_log import RecordLog
from tests.unit.day.made_up import NOON, record, run, write


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_what_was_written_is_read(form: str, tmp_path: Path) -> None:
    """Both forms give back the very records that were written."""
    records = [*run(NOON, 3), record(NOON, 9.0, "heard", label='a, "b"', after="jarvis", score=0.5)]
    log = read_log(write(tmp_path / "log", records, form))
    assert log.records == records
    assert (log.n_garbage, log.is_torn) == (0, False)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_files_put_aside_are_read_too(form: str, tmp_path: Path) -> None:
    """LOG.2, LOG.1 and LOG are one log, the oldest first; what lies beside them is not."""
    records = run(NOON, 40)
    log = RecordLog(tmp_path / "log", form, max_bytes=3000, keep=50)  # type: ignore[arg-type]
    for one in records:
        log.write(one)
    (tmp_path / "log.txt").write_text("{}\n")
    found = read_log(tmp_path / "log")
    assert len(found.files) > 2
    assert found.files[-1] == tmp_path / "log"
    assert found.records == records


def test_a_form_that_was_changed(tmp_path: Path) -> None:
    """JSON lines that go on as CSV are one log."""
    path = tmp_path / "log"
    write(path, run(NOON, 1), "jsonl")
    path.write_bytes(
        path.read_bytes() + write(tmp_path / "table", run(NOON, 2), "csv").read_bytes()
    )
    assert read_log(path).records == [*run(NOON, 1), *run(NOON, 2)]


GARBAGE = [
    b"\0" * 70_000,
    b"\xff\xfe",
    b"{",
    b"[" * 5000,
    b"{}",
    b"null",
    b'{"time":"soon","uptime_s":1,"kind":"x"}',
    b'{"time":"2026-11-22T12:00:00","uptime_s":1,"kind":"a time without a zone"}',
    b'{"time":"2026-11-22T12:00:00Z","uptime_s":-1e999,"kind":"x"}',
    b'{"time":"0001-01-01T00:00:00Z","uptime_s":1,"kind":"x"}',
    b'{"time":"2026-11-22T12:00:00Z","uptime_s":1,"kind":"x","watts":"many"}',
    b'{"time":"2026-11-22T12:00:00Z","uptime_s":1e300,"kind":"a time before all calendars"}',
    b'{"time":"2026-11-22T12:00:00Z","uptime_s":-5,"kind":"before the start"}',
    b'{"time":"2026-11-22T12:00:00Z","uptime_s":1,"kind":"x","rss_bytes":"' + b"9" * 400 + b'"}',
    b"2026-11-22T12:00:00Z,1,x",
    b'"',
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_counted(garbage: bytes, tmp_path: Path) -> None:
    """A line that is no record is left out and counted, and those around it are read."""
    path = write(tmp_path / "log", run(NOON, 1))
    good = path.read_bytes()
    path.write_bytes(good + garbage + b"\n" + good)
    log = read_log(path)
    assert len(log.records) == 6
    assert log.n_garbage >= 1
    assert not log.is_torn


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_torn_anywhere(form: str, tmp_path: Path) -> None:
    """Wherever a log is cut off, the whole lines before it are read."""
    whole = write(tmp_path / "whole", run(NOON, 2), form).read_bytes()
    path = tmp_path / "log"
    first_end = whole.index(b"start")
    for end in range(whole.index(b"\n", first_end) + 1, len(whole), 7):
        path.write_bytes(whole[:end])
        log = read_log(path)
        n_lines = whole[:end].count(b"\n") - (form == "csv")
        ends_in_json = form == "jsonl" and whole[end : end + 1] == b"\n"
        assert log.records == run(NOON, 2)[: n_lines + ends_in_json]
        assert log.is_torn == (whole[end - 1 : end] != b"\n")


@given(st.binary(max_size=300))
def test_no_file_can_break_it(data: bytes) -> None:
    """Whatever a file holds, it is read or refused with a message."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            read_log(Path(file.name))
        except EdgeDaemonError as error:
            assert file.name in str(error)


def test_nothing_to_read(tmp_path: Path) -> None:
    """No file, a folder, an empty file and one without a record each have their message."""
    for name, content, message in (
        ("none", None, "there is no such file"),
        ("empty", "", "no records; `telemetry: "),
        ("text", "a\nb\n", "none of its 2 lines is one"),
    ):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(EdgeDaemonError, match=message):
            read_log(tmp_path / name)
    with pytest.raises(EdgeDaemonError, match="cannot be read: Is a directory"):
        read_log(tmp_path)
