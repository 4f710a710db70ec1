"""``edge-daemon benchmark`` as its user has it: files, table, and what stops it."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import (
    DEMO,
    RunningDaemon,
    assert_one_complaint,
    edge_daemon,
)
from tests.tiny_models import write_model

PROGRAM = [sys.executable, "-m", "edge_daemon", "benchmark"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes no time."""
    return write_model(tmp_path_factory.mktemp("model") / "tiny.onnx")


@pytest.fixture(scope="module")
def result(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A quick run, with its exit and its words."""
    name = tmp_path_factory.mktemp("result") / "board.v2"
    done = edge_daemon(
        "benchmark", "--quick", "--seconds", "1", "--model", tiny, "--audio", DEMO, "--json",
        "-o", name,
    )  # fmt: skip
    return name, done


def test_a_quick_run_gives_a_table_json_and_a_page(result: tuple[Path, Any]) -> None:
    """Everything is there, and says that it is complete; progress is in plain lines."""
    name, done = result
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    written = json.loads(name.with_name("board.v2.json").read_text())
    assert printed == written
    assert written["complete"] is True
    assert written["schema_version"] == 1
    assert written["audio"]["name"] == DEMO.name
    [row] = written["rows"]
    assert row["process"]["listening_cpu_percent"]["n"] == 3
    assert "single calls" in done.stderr
    assert "[1/1] loading tiny.onnx, auto, 1 thread" in done.stderr
    *shown, _paths = done.stderr.splitlines()
    assert max(map(len, shown)) <= 100
    assert "<!DOCTYPE html>" in name.with_name("board.v2.html").read_text()
    assert {path.name for path in name.parent.iterdir()} == {"board.v2.json", "board.v2.html"}


def test_a_result_is_compared_with_itself(result: tuple[Path, Any]) -> None:
    """Nothing of it is called a difference."""
    path = result[0].with_name("board.v2.json")
    done = edge_daemon("benchmark", "--compare", path, path, "--json")
    assert done.returncode == 0, done.stderr
    [pair] = json.loads(done.stdout)["pairs"]
    assert {each["within_noise"] for each in pair["compared"]} == {True}
    assert "within noise" in done.stderr


@pytest.fixture
def running(tiny: Path, tmp_path: Path) -> Iterator[RunningDaemon]:
    """A run that has done one of its rounds."""
    with RunningDaemon(
        "--quick", "--seconds", "1", "--model", tiny, "-o", tmp_path / "part", program=PROGRAM
    ) as run:
        run.wait_for("round 2 of 3")
        yield run


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_leaves_what_it_has(
    running: RunningDaemon, tmp_path: Path, number: int, code: int
) -> None:
    """Ctrl-C: the files are there, marked as not complete, and there is no traceback."""
    assert running.stop(number) == code
    written = json.loads((tmp_path / "part.json").read_text())
    assert written["complete"] is False
    assert written["n_rounds_done"] == 1
    assert written["rows"][0]["model_latency"]["n"] > 0
    assert "stopped before its end" in (tmp_path / "part.html").read_text()
    assert not any("Traceback" in line for line in running.lines)


def test_a_run_that_is_killed_leaves_the_last_round(running: RunningDaemon, tmp_path: Path) -> None:
    """The file is whole, whatever was written when the end came."""
    running.stop(signal.SIGKILL)
    written = json.loads((tmp_path / "part.json").read_text())
    assert (written["complete"], written["n_rounds_done"]) == (False, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--model", "builtin:nothing"], 78, "builtin:nothing"),
        (["--audio", "/nowhere.wav"], 1, "/nowhere.wav"),
        (["--data", "/nowhere"], 1, "/nowhere"),
        (["--against", "/nowhere.py"], 1, "/nowhere.py"),
        (["-o", "/nowhere/at/all"], 1, "does not exist"),
        (["--limit", "3"], 2, "--data"),
        (["--threads", "0"], 2, "0"),
        (["--threads", "1.5"], 2, "1.5"),
        (["--seconds", "nan"], 2, "nan"),
        (["--provider", "quantum"], 2, "quantum"),
        (["--compare", "a.json"], 2, "--compare"),
        (["--compare", "/nowhere.json", "/nowhere.json"], 1, "/nowhere.json"),
        (["--compare", "a.json", "b.json", "--quick"], 2, "--compare"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_measured(
    arguments: list[str], code: int, says: str, tmp_path: Path
) -> None:
    """One message, the right exit code, and no files."""
    has_none = "-o" in arguments or "--compare" in arguments
    output = () if has_none else ("-o", tmp_path / "x")
    assert_one_complaint(edge_daemon("benchmark", *arguments, *output), code, says)
    assert list(tmp_path.iterdir()) == []
