"""The daemon's log of records and the page made of it, on a board with sensors of files."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import (
    Pipe,
    RunningDaemon,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
    json_lines,
    silence,
    spoken_words,
)
from tests.unit.telemetry.sensors.trees import orin_nano, write

DAEMON = (
    sys.executable, "-c",
    "import sys; from pathlib import Path\n"
    "from edge_daemon.config import load_config; from edge_daemon.daemon import Daemon\n"
    "config, root = map(Path, sys.argv[1:])\n"
    "sys.exit(Daemon(load_config(config), root=root).run())",
)  # fmt: skip
"""The daemon with a configuration, on a board whose files are elsewhere."""
N_WORDS = 3
VDD_IN_W = 5.024 * 1.152
"""What orin_nano's input rail measures."""


@dataclass
class Life:
    """What was seen of a daemon that writes records."""

    records: list[dict[str, Any]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    log: Path = Path()


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """One daemon on a made-up Jetson that hears words; its sensors and its log's folder vanish."""
    folder = tmp_path_factory.mktemp("report")
    root, logs = folder / "root", folder / "logs"
    orin_nano(root)
    zone = "sys/class/thermal/thermal_zone0"
    write(root, {f"{zone}/type": "cpu-thermal", f"{zone}/temp": "47500"})
    logs.mkdir()
    config = folder / "config.yaml"
    settings = {
        "audio": {"source": "pcm:audio.fifo"},
        "decision": {"wake_words": []},
        "telemetry": {
            "format": "json", "interval_s": 0.3, "sensors_s": 0.05, "log": "logs/records.jsonl",
        },
    }  # fmt: skip
    config.write_text(json.dumps(settings))
    pipe, seen = Pipe(folder / "audio.fifo"), Life(log=logs / "records.jsonl")
    with RunningDaemon(config, root, program=DAEMON) as daemon:
        daemon.wait_for("listening to")
        pipe.write(demo_samples(N_WORDS))
        while (seen.summary.get("sensors") or {}).get("temperature_c") is None:
            seen.summary = _next_summary(daemon, pipe)
        logs.rename(folder / "moved")
        daemon.wait_for("records.jsonl cannot be written: No such file or directory")
        _next_summary(daemon, pipe)
        (folder / "moved").rename(logs)
        daemon.wait_for("is written again")
        assert daemon.stop(signal.SIGTERM) == 0
    pipe.close()
    seen.lines, seen.records = daemon.lines, json_lines(seen.log.read_text())
    return seen


def _next_summary(daemon: RunningDaemon, pipe: Pipe) -> dict[str, Any]:
    pipe.write(silence(0.1))
    return daemon.summary()


def _of_kind(life: Life, kind: str) -> list[dict[str, Any]]:
    return [record for record in life.records if record["kind"] == kind]


def test_watts_come_from_the_board(life: Life) -> None:
    """The input rail's watts are in the summary and in the log; the mean is not above the rail."""
    sensors = life.summary["sensors"]
    assert sensors["watts_mean"] == pytest.approx(VDD_IN_W, abs=1e-4)
    assert sensors["temperature_c"] == 47.5
    assert life.summary["watt_hours_a_day"] == pytest.approx(24 * VDD_IN_W, abs=1e-2)
    measured = [r for r in _of_kind(life, "summary") if "watts" in r]
    assert {round(r["watts"], 3) for r in measured} == {round(VDD_IN_W, 3)}
    last = measured[-1]
    assert 0 < last["joules"] < VDD_IN_W * last["uptime_s"]
    assert last["temperature_c"] == 47.5


def test_the_log_tells_the_run(life: Life) -> None:
    """It begins with a start and ends with a stop, and has the words with their order and time."""
    kinds = [record["kind"] for record in life.records]
    assert (kinds[0], kinds[1], kinds[-1]) == ("start", "listening", "stop")
    assert [r["label"] for r in _of_kind(life, "heard")] == [
        spoken.word for spoken in spoken_words()[:N_WORDS]
    ]
    uptimes = [record["uptime_s"] for record in life.records]
    assert uptimes == sorted(uptimes)
    assert life.records[0]["interval_s"] == 0.3
    assert _of_kind(life, "stop")[0]["text"] == "SIGTERM"


def test_a_log_that_vanished_is_told_once_and_comes_back(life: Life) -> None:
    """What was lost is said once and counted; the daemon listened on."""
    told = [line for line in life.lines if "cannot be written" in line]
    assert len(told) == 1
    [again] = [line for line in life.lines if "is written again" in line]
    lost = re.search(r"(\d+) records were lost", again)
    assert lost is not None
    assert _of_kind(life, "summary")[-1]["lost_records"] == int(lost[1]) > 0


def test_what_cannot_be_measured_is_told_at_the_start(life: Life) -> None:
    """The sensors found and the reasons for the others are in the log before it listens."""
    begin = "\n".join(life.lines[:8])
    assert "sensors: INA3221 VDD_IN for the power of the whole module" in begin
    assert "not measured: clock: " in begin


def test_a_page_of_it(life: Life, tmp_path: Path) -> None:
    """The page has the words, the power and the time in which nothing could be written."""
    done = edge_daemon("report", life.log, "-o", tmp_path / "day.html")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "day.html")
    html = (tmp_path / "day.html").read_text()
    assert f"{VDD_IN_W:.2f} W, {VDD_IN_W:.2f} W" in html
    for spoken in spoken_words()[:N_WORDS]:
        assert f"<td>{spoken.word}</td>" in html
    assert "records are missing: the log could not be written" in html


def test_csv_from_a_recording(tmp_path: Path) -> None:
    """A table is written where one is asked for, and the page reads it as well."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "audio: {source: 'pcm:part.raw'}\ndecision: {wake_words: []}\n"
        "telemetry: {log: {path: records.csv, format: csv}}\n"
    )
    (tmp_path / "part.raw").write_bytes(demo_samples(2).astype("<i2").tobytes())
    assert edge_daemon("run", "--config", config).returncode == 0
    heading, *rows = (tmp_path / "records.csv").read_text().splitlines()
    assert heading.startswith("time,uptime_s,kind,text,label,score,")
    assert {row.count(",") for row in rows} >= {heading.count(",")}
    done = edge_daemon("report", tmp_path / "records.csv", "-o", tmp_path / "day.html")
    assert done.returncode == 0, done.stderr
    assert f"<td>{spoken_words()[1].word}</td>" in (tmp_path / "day.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["none.jsonl"], 1, "none.jsonl: there is no such file"),
        (["empty.jsonl"], 1, "empty.jsonl: no records; `telemetry: "),
        (["log.jsonl", "--day", "2001-01-01"], 1, "no record of 2001-01-01; there are some of"),
        (["log.jsonl", "--day", "0001-01-01"], 1, "no record of 0001-01-01; there are"),
        (["log.jsonl", "--day", "yesterday"], 2, "'yesterday' is no day; write it as 2026-11-22"),
        (["log.jsonl", "-o", "no/such/folder.html"], 1, "cannot be written: the folder"),
    ],
)
def test_refusals(
    arguments: list[str], code: int, message: str, life: Life, tmp_path: Path
) -> None:
    """What cannot be drawn has one clear message, and no page comes of it."""
    (tmp_path / "empty.jsonl").touch()
    os.symlink(life.log, tmp_path / "log.jsonl")
    paths = [a if "-" in a[:5] or "." not in a else str(tmp_path / a) for a in arguments]
    assert_one_complaint(edge_daemon("report", *paths), code, message)
    assert not list(tmp_path.glob("*.html"))
