"""The log of records: its forms, and what becomes of it when the disk fails."""

from __future__ import annotations

import csv
import json
import logging
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.config import parse_config
from edge_daemon.telemetry import Logbook
from edge_daemon.telemetry.record import Record, columns
from edge_daemon.telemetry.record_log import RecordLog
from edge_daemon.types import Detection

TIME = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


def record(kind: str = "heard", **values: Any) -> Record:
    """Return a record."""
    return Record(time=TIME, uptime_s=1.5, kind=kind, **values)


def log(path: Path, form: Any = "jsonl", max_bytes: int = 100_000) -> RecordLog:
    """Return a log that keeps three files."""
    return RecordLog(path, form, max_bytes, keep=3)


def table(path: Path) -> list[dict[str, str]]:
    """Read CSV without the cells that are empty."""
    with path.open(newline="") as file:
        return [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)]


def test_json_lines(tmp_path: Path) -> None:
    """A record is an object a line with what is known, durations among it, and UTC."""
    log(tmp_path / "log").write(record(label="é", durations={"model_p50_ms": 0.5}))
    [line] = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line) == {
        "time": "2026-11-22T12:00:00Z",
        "uptime_s": 1.5,
        "kind": "heard",
        "label": "é",
        "model_p50_ms": 0.5,
    }


def test_csv(tmp_path: Path) -> None:
    """Every kind of record is a row under one heading; what is not known is an empty cell."""
    written = log(tmp_path / "log", "csv")
    written.write(record("start", text='with "quotes", commas'))
    written.write(record("summary", watts=3.25, durations={"model_p50_ms": 0.5}))
    written.write(record("heard", label="on", score=0.9))
    known = {"time": "2026-11-22T12:00:00Z", "uptime_s": "1.5"}
    assert table(tmp_path / "log") == [
        {**known, "kind": "start", "text": 'with "quotes", commas'},
        {**known, "kind": "summary", "watts": "3.25", "model_p50_ms": "0.5"},
        {**known, "kind": "heard", "label": "on", "score": "0.9"},
    ]
    assert (tmp_path / "log").read_text().splitlines()[0] == ",".join(columns())


def test_csv_with_another_stage(tmp_path: Path) -> None:
    """A column that was not there begins a new file, and is in each one from then on."""
    path = tmp_path / "log"
    for _ in range(2):  # the second time as after a restart
        written = log(path, "csv")
        for kind, durations in (("start", {}), ("summary", {"confirm_p50_ms": 9.0}), ("stop", {})):
            written.write(record(kind, durations=durations))
    assert [row["kind"] for row in table(tmp_path / "log.1")] == ["start"]
    kinds = [row["kind"] for row in table(path)]
    assert kinds == ["summary", "stop", "start", "summary", "stop"]
    assert table(path)[3]["confirm_p50_ms"] == "9.0"
    assert not (tmp_path / "log.2").exists()


@pytest.mark.parametrize("before", [b"{}\n", b"time,kind\n1,2\n", b"\xff\x00" * 40000])
def test_csv_where_something_else_was(before: bytes, tmp_path: Path) -> None:
    """A file of another form, of older columns or of garbage is put aside."""
    (tmp_path / "log").write_bytes(before)
    log(tmp_path / "log", "csv").write(record())
    assert (tmp_path / "log.1").read_bytes() == before
    assert [row["kind"] for row in table(tmp_path / "log")] == ["heard"]


def test_a_folder_that_vanishes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, what is lost is counted, and with the folder the log is back."""
    caplog.set_level(logging.INFO)
    folder = tmp_path / "stick"
    folder.mkdir()
    written = log(folder / "log")
    written.write(record())
    shutil.rmtree(folder)
    for _ in range(3):
        written.write(record())
    assert (written.written, written.lost) == (1, 3)
    assert len(caplog.messages) == 1
    assert f"{folder}/log cannot be written: No such file or directory" in caplog.messages[0]
    folder.mkdir()
    written.write(record())
    assert (written.written, written.lost) == (2, 3)
    assert "is written again; 3 records were lost" in caplog.messages[-1]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 16 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_full_disk(form: str, small_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every line on a full disk is whole; it is said once, and goes on when there is room."""
    caplog.set_level(logging.INFO)
    written = log(small_disk / "log", form)
    for _ in range(300):
        written.write(record("lost", text="x" * 200))
    assert written.lost > 0
    assert written.written + written.lost == 300
    assert len(caplog.messages) == 1
    assert "No space left on device" in caplog.messages[0]
    text = (small_disk / "log").read_text()
    assert text.endswith("\n")
    assert text.count("x" * 200) == written.written
    (small_disk / "log").unlink()
    written.write(record())
    assert "is written again" in caplog.messages[-1]


def test_a_device_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """A path that is no file is refused as any other that cannot be written."""
    written = log(Path("/dev/full"), "csv")
    written.write(record())
    assert written.lost == 1
    assert "not a regular file" in caplog.messages[0]


def logbook(path: Path) -> Logbook:
    """Return a logbook whose clock jumps back a day between the records, and uptime does not."""
    days = iter([TIME, TIME.replace(day=21), TIME.replace(day=20)])
    uptimes = iter([100.0, 101.0, 102.0, 103.0])
    config = parse_config({"telemetry": {"log": str(path)}})
    return Logbook(config.telemetry.log, lambda: next(days), lambda: next(uptimes))


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    """Uptime goes on however the clock is set."""
    book = logbook(tmp_path / "log")
    book.start("edge-daemon", 60.0)
    book.heard(Detection("on", 0.91234, 2.0, after="jarvis"))
    book.event("stop")
    records = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(r["kind"], r["time"][8:10], r["uptime_s"]) for r in records] == [
        ("start", "22", 1.0), ("heard", "21", 2.0), ("stop", "20", 3.0),
    ]  # fmt: skip
    assert records[1]["after"] == "jarvis"


def test_lost_audio_is_one_record(tmp_path: Path) -> None:
    """However often it is tried to get the audio back, the log has its loss and its return."""
    book = Logbook(parse_config({"telemetry": {"log": str(tmp_path / "log")}}).telemetry.log)
    for _ in range(3):
        fields = book.lost("unplugged:\nno samples")
    book.event("listening", "usb")
    book.lost("again")
    assert fields["EDGE_KIND"] == "lost"
    records = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(r["kind"], r["text"]) for r in records] == [
        ("lost", "unplugged: no samples"), ("listening", "usb"), ("lost", "again"),
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_path_that_is_no_text(form: str, tmp_path: Path) -> None:
    """The name of a file that is no UTF-8, and one with a line break, stay one line of text."""
    config = parse_config({"telemetry": {"log": {"path": str(tmp_path / "log"), "format": form}}})
    Logbook(config.telemetry.log).event("listening", "file /\udcff\n.wav")
    lines = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == (1 if form == "jsonl" else 2)
    assert "file /? .wav" in lines[-1]


def test_without_a_log_there_are_fields_all_the_same() -> None:
    """Where no file is configured an entry of the journal still has its fields."""
    book = Logbook(parse_config({}).telemetry.log)
    fields = book.heard(Detection("on", 0.9, 2.0))
    assert (fields["EDGE_LABEL"], fields["EDGE_SCORE"]) == ("on", 0.9)
    assert book.log is None
