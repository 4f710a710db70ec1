"""The child: lowly, obedient, and gone when it has to be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_daemon.replacement.child import Child
from tests.stand_in_quantizer import stand_in

SCHED_IDLE = "5"


def start(tmp_path: Path, script: str) -> Child:
    """Start a script as the child."""
    return Child(stand_in(script), tmp_path, tmp_path / "log.txt")


def wait_for(child: Child) -> None:
    """Wait until it has ended, without taking its exit code."""
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)


def said_by(tmp_path: Path, script: str) -> list[str]:
    """Run a script to its end and return what it said."""
    child = start(tmp_path, script)
    wait_for(child)
    assert child.exit_code() == 0
    child.end()
    return (tmp_path / "log.txt").read_text().splitlines()


def test_it_has_the_least_priority(tmp_path: Path) -> None:
    """The nicest, scheduled when nobody else wants to run, and the first to go without memory."""
    stat, oom = said_by(tmp_path, "cat /proc/$$/stat /proc/$$/oom_score_adj")
    fields = stat.rpartition(")")[2].split()
    assert (fields[16], fields[38]) == ("19", SCHED_IDLE)
    assert oom == "1000"


def test_it_does_not_speak_for_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service manager is not to hear from it; it has one thread and a folder of its own."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
    monkeypatch.setenv("WATCHDOG_USEC", "1")
    script = "echo ${NOTIFY_SOCKET-none} ${WATCHDOG_USEC-none} $OMP_NUM_THREADS $TMPDIR"
    assert said_by(tmp_path, script) == [f"none none 1 {tmp_path}"]


def test_its_exit_code_is_told_as_long_as_it_is_asked(tmp_path: Path) -> None:
    """Nothing is told while it runs."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    child = start(tmp_path, f"read line <{gate}; exit 3")
    assert child.exit_code() is None
    gate.write_text("go\n")
    wait_for(child)
    assert [child.exit_code(), child.exit_code()] == [3, 3]
    child.end()


def test_a_signal_is_a_negative_exit_code(tmp_path: Path) -> None:
    """As `subprocess` has it."""
    child = start(tmp_path, "kill -9 $$")
    wait_for(child)
    assert child.exit_code() == -signal.SIGKILL
    child.end()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo one; echo 'edge-daemon: two'; echo", "two"),
        ("printf '10 %%\\r20 %%\\n'", "20 %"),
        ("true", "it said nothing"),
        ("printf '\\377\\n'", "\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_its_last_words(tmp_path: Path, script: str, expected: str) -> None:
    """The last line says why it ended."""
    child = start(tmp_path, script)
    wait_for(child)
    assert child.last_words() == expected
    child.end()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """It is named."""
    child = Child(["/no/such/program"], tmp_path, tmp_path / "log.txt")
    wait_for(child)
    assert child.exit_code() == 1
    assert child.last_words() == "/no/such/program: No such file or directory"
    child.end()


def test_it_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    """Even where they do not listen to SIGTERM."""
    ends = tmp_path / "ends"
    os.mkfifo(ends)
    child = start(tmp_path, f"trap '' TERM; exec >{ends}; sleep 1000 & echo on; wait")
    with ends.open() as reader:
        assert reader.readline() == "on\n"
        child.end()
        assert reader.read() == ""  # nobody has it open any more
    child.end()


def test_it_ends_with_the_daemon(tmp_path: Path) -> None:
    """A daemon that is killed leaves nobody behind."""
    ends = tmp_path / "ends"
    os.mkfifo(ends)
    daemon = subprocess.Popen([
        sys.executable, "-c",
        "import sys, signal; from pathlib import Path\n"
        "from edge_daemon.replacement.child import Child\n"
        "Child(sys.argv[2:], Path(sys.argv[1]), Path(sys.argv[1], 'log.txt'))\n"
        "signal.pause()",
        tmp_path, *stand_in(f"exec >{ends}; echo on; exec sleep 1000"),
    ])  # fmt: skip
    with ends.open() as reader:
        assert reader.readline() == "on\n"
        daemon.kill()
        assert reader.read() == ""
    daemon.wait()
