"""Processes that hear a recording: ours, peers, and what may go wrong with them."""

from __future__ import annotations

import os
import select
import sys
from pathlib import Path

import pytest

from edge_daemon.benchmark import processes
from edge_daemon.benchmark.audio import Recording
from edge_daemon.benchmark.combination import Combination, combinations
from edge_daemon.benchmark.processes import described, environment, heard, our_command, peer_command
from edge_daemon.errors import EdgeDaemonError
from tests.integration.command_line import GIVE_UP_S
from tests.tiny_models import write_model

PEER = """\
import json, sys
if "--describe" in sys.argv:
    print(json.dumps({"name": "another", "version": "1.0", "words": ["computer"]}))
else:
    print("something that a library prints")
    print(json.dumps({
        "audio_s": 2.0, "cpu_s": 0.1, "start_cpu_s": 0.2, "peak_rss_bytes": None, "hop_ms": 80,
        "latency_ms": {"p50": 1, "p95": 2, "p99": 3, "max": 4}, "detections": ["computer"],
        "and": "more"}))
"""


def tiny(tmp_path: Path) -> Combination:
    """Return a combination with a model that takes no time."""
    [made] = combinations([str(write_model(tmp_path / "tiny.onnx"))])
    return made


def script(tmp_path: Path, text: str) -> list[str]:
    """Return the command of a peer with this code."""
    path = tmp_path / "peer.py"
    path.write_text(text)
    return peer_command(str(path))


def test_we_hear_a_recording(tmp_path: Path) -> None:
    """Our own process says what it cost; all of the audio was heard, at either pace."""
    audio = Recording(None).write(tmp_path / "a.wav", 0.45)
    for pace in ("fast", "realtime"):
        line = heard(our_command(tiny(tmp_path)), audio, 0.45, pace)
        assert line.audio_s == pytest.approx(0.45)
        assert line.hop_ms == 100
        assert 0 < line.cpu_s < 0.45
        assert line.start_cpu_s > 0
        assert line.start_s is not None
        assert line.start_s > 0
        assert line.peak_rss_bytes is not None
        assert line.peak_rss_bytes > 2**24
        assert 0 < line.latency_ms.p50 <= line.latency_ms.p99 <= line.latency_ms.max
        assert line.cpu_percent == pytest.approx(100 * line.cpu_s / 0.45)


def test_we_answer_like_a_peer(tmp_path: Path) -> None:
    """Our process describes itself too."""
    found = described(our_command(tiny(tmp_path)))
    assert (found.name, found.words) == ("edge-daemon, tiny", ["loud"])


def test_a_peer_is_asked_and_heard(tmp_path: Path) -> None:
    """The last line counts; what else a peer tells is its own affair."""
    command = script(tmp_path, PEER)
    assert command[0] == sys.executable
    assert described(command).name == "another"
    line = heard(command, tmp_path / "a.wav", 2.0, "fast")
    assert (line.n_detections, line.cpu_percent, line.start_s) == (1, 5.0, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("import sys; sys.exit(3)", "exit status 3"),
        ("print('hello')", "printed 'hello'"),
        ("", "printed ''"),
        ("print('{}')", "missing required field"),
        ("import os; os.kill(os.getpid(), 9)", "exit status -9"),
    ],
)
def test_a_peer_that_fails_says_why(tmp_path: Path, text: str, says: str) -> None:
    """With the last that it said."""
    with pytest.raises(EdgeDaemonError, match=says):
        described(script(tmp_path, text))


def test_a_peer_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up after its time, and is gone."""
    monkeypatch.setattr(processes, "_START_S", 0.3)
    pid = tmp_path / "pid"
    command = script(tmp_path, f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
                               "time.sleep(600)")  # fmt: skip
    with pytest.raises(EdgeDaemonError, match="had not ended"):
        described(command)
    if pid.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid.read_text()), 0)


def test_what_a_hanging_peer_started_is_ended_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell around a program that hangs: the program would hold the pipes open."""
    monkeypatch.setattr(processes, "_START_S", 0.3)
    pid = tmp_path / "pid"
    path = tmp_path / "peer.sh"
    path.write_text(f"sleep 600 & echo $! > {pid}; wait")
    with pytest.raises(EdgeDaemonError, match="had not ended"):
        described(["/bin/sh", str(path)])
    if pid.exists():
        assert has_ended(int(pid.read_text()))


def has_ended(pid: int) -> bool:
    """Tell whether a process that is no child of ours ends; what was killed takes a moment."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], GIVE_UP_S)[0])
    finally:
        os.close(process)


@pytest.mark.parametrize("heard_s", [0.0, 0.9, 4.1])
def test_a_peer_that_heard_something_else_is_refused(tmp_path: Path, heard_s: float) -> None:
    """Its costs would be divided by another time than it listened, or by none."""
    command = script(tmp_path, PEER.replace('"audio_s": 2.0', f'"audio_s": {heard_s}'))
    with pytest.raises(EdgeDaemonError, match=f"heard {heard_s} s of the 2 s"):
        heard(command, tmp_path / "a.wav", 2.0, "fast")


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ('"cpu_s": 0.1', '"cpu_s": -0.1'),
        ('"cpu_s": 0.1', '"cpu_s": 1e300'),
        ('"peak_rss_bytes": None', '"peak_rss_bytes": 0'),
        ('"p99": 3', '"p99": float("nan")'),
        ('"p99": 3', '"p99": -3'),
    ],
)
def test_figures_that_cannot_be_are_refused(tmp_path: Path, said: str, instead: str) -> None:
    """They would stand in the table, and as null in the JSON, which nobody could read again."""
    command = script(tmp_path, PEER.replace(said, instead))
    with pytest.raises(EdgeDaemonError, match="not the line asked for"):
        heard(command, tmp_path / "a.wav", 2.0, "fast")


def test_a_command_may_bring_its_own_interpreter(tmp_path: Path) -> None:
    """As the Python of another virtual environment; a script that may be executed needs none."""
    path = tmp_path / "a peer.py"
    path.write_text("#!/usr/bin/env python3\n" + PEER)
    assert described(peer_command(f"{sys.executable} '{path}'")).name == "another"
    path.chmod(0o755)
    assert peer_command(f"'{path}' --words x") == [str(path), "--words", "x"]


@pytest.mark.parametrize("text", ["", "  ", "'open", "/nowhere/peer.py", "no-such-program x"])
def test_a_peer_that_is_not_there_is_named(text: str) -> None:
    """Before anything is measured."""
    with pytest.raises(EdgeDaemonError, match="to measure against"):
        peer_command(text)


def test_what_is_measured_may_keep_its_byte_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Python is told to write none: an installed daemon has it."""
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    assert "PYTHONDONTWRITEBYTECODE" not in environment()
    assert environment()["SOMETHING_ELSE"] == "kept"
