"""CommandAction with real programs."""

from __future__ import annotations

import json
import logging
import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon.actions.command import KILL_AFTER_S, CommandAction, CommandJob, program_problem
from edge_daemon.actions.output import MAX_LOGGED_LINES
from edge_daemon.config import CommandConfig, parse_config
from edge_daemon.errors import ActionBusyError, ActionError

from .programs import ON_AFTER_LIGHT, YES, ManualClock, finish, python


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands still."""
    return ManualClock()


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[int]:
    """Make a FIFO in tmp_path, open for reading and writing: programs report through it."""
    os.mkfifo(tmp_path / "fifo")
    file = os.open(tmp_path / "fifo", os.O_RDWR)
    yield file
    os.close(file)


def action(argv: list[str], clock: ManualClock | None = None, **more: float) -> CommandAction:
    """Make a command whose time stands still."""
    rule = {"say": "*", "command": {"argv": argv, **more}}
    config = parse_config({"actions": [rule]}).actions[0].command
    assert config is not None
    return CommandAction(config, "actions[0] command", clock or ManualClock())


def test_success_ends_the_job() -> None:
    """A program that exits with 0 ends its job well."""
    finish(action(["true"]).run(YES))


def test_arguments_are_not_seen_by_a_shell(caplog: pytest.LogCaptureFixture) -> None:
    """Shell syntax in an argument reaches the program as it is written."""
    with caplog.at_level(logging.INFO):
        finish(action(["echo", "$HOME; `id` > /tmp/x *"]).run(YES))
    assert "actions[0] command: $HOME; `id` > /tmp/x *" in caplog.messages


def test_environment_is_small_and_tells_the_detection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program sees the detection, and of the daemon's environment only what it may."""
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("WEBHOOK_TOKEN", "secret")
    monkeypatch.setenv("HOME", "/home/pi")
    code = f"import json, os; json.dump(dict(os.environ), open({str(tmp_path / 'env')!r}, 'w'))"
    finish(action(python(code)).run(ON_AFTER_LIGHT))
    seen = json.loads((tmp_path / "env").read_text())
    assert seen["EDGE_DAEMON_LABEL"] == "on"
    assert seen["EDGE_DAEMON_SCORE"] == "0.8000"
    assert seen["EDGE_DAEMON_TIME_S"] == "2.000"
    assert seen["EDGE_DAEMON_AFTER"] == "light"
    assert seen["HOME"] == "/home/pi"
    assert not {"NOTIFY_SOCKET", "WEBHOOK_TOKEN"} & set(seen)


def test_program_starts_in_the_root_with_an_empty_stdin(caplog: pytest.LogCaptureFixture) -> None:
    """A program starts in /, leads its own session, and reads an end of file from stdin."""
    code = "import os, sys; print(os.getcwd(), os.getsid(0) == os.getpid(), repr(sys.stdin.read()))"
    with caplog.at_level(logging.INFO):
        finish(action(python(code)).run(YES))
    assert caplog.messages == ["actions[0] command: / True ''"]


def test_exit_code_and_last_line_are_reported() -> None:
    """A program that fails is an ActionError with its code and what it said last."""
    with pytest.raises(ActionError, match=r"^sh exited with 7: no such lamp$"):
        finish(action(["sh", "-c", "echo trying; echo no such lamp >&2; exit 7"]).run(YES))


def test_silent_failure_is_reported() -> None:
    """A program that fails without a word is reported as such."""
    with pytest.raises(ActionError, match="exited with 3 and printed nothing"):
        finish(action(["sh", "-c", "exit 3"]).run(YES))


def test_death_by_signal_is_reported() -> None:
    """A program that a signal ended is reported with the name of the signal."""
    with pytest.raises(ActionError, match="was ended by SIGSEGV"):
        finish(action(["sh", "-c", "kill -SEGV $$"]).run(YES))


def test_missing_program_fails_at_once() -> None:
    """A program that does not exist is an ActionError of run itself."""
    with pytest.raises(ActionError, match="no-such-program: no such program in PATH"):
        action(["no-such-program"]).run(YES)


def test_script_without_interpreter_fails_at_once(tmp_path: Path) -> None:
    """A file that the kernel cannot execute is an ActionError with the kernel's reason."""
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    with pytest.raises(ActionError, match="Exec format error"):
        action([str(script)]).run(YES)


def test_argument_with_a_null_byte_fails_at_once() -> None:
    """An argument that no program can be given is an ActionError."""
    with pytest.raises(ActionError, match="null byte"):
        CommandAction(CommandConfig(argv=["echo", "a\0b"])).run(YES)


def test_hanging_program_is_ended(clock: ManualClock) -> None:
    """A program that runs past its time limit gets SIGTERM and is reported."""
    job = action(["sleep", "600"], clock, timeout_s=5).run(YES)
    assert not job.poll()
    clock.now += 5.1
    with pytest.raises(ActionError, match="sleep took longer than 5 s and was ended"):
        finish(job)
    assert job.finished


def test_program_that_ignores_sigterm_is_killed(
    clock: ManualClock, tmp_path: Path, fifo: int
) -> None:
    """A program that ignores SIGTERM is killed after the grace time."""
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(tmp_path / 'fifo')!r}, 'w').write('ready'); time.sleep(600)"
    )
    job = action(python(code), clock, timeout_s=5).run(YES)
    assert os.read(fifo, 5) == b"ready"
    clock.now += 5.1
    assert not job.poll()
    assert not job.poll()
    clock.now += KILL_AFTER_S
    with pytest.raises(ActionError, match="took longer"):
        finish(job)


def test_time_limit_ends_the_whole_group(clock: ManualClock, tmp_path: Path, fifo: int) -> None:
    """A grandchild that ignores SIGTERM does not outlive the time limit of its program."""
    grandchild = f"trap '' TERM; echo $$ > {tmp_path / 'fifo'}; exec sleep 600"
    job = action(["sh", "-c", f'sh -c "{grandchild.replace("$", chr(92) + "$")}" & wait'], clock)
    running = job.run(YES)
    pid = int(os.read(fifo, 32))
    end = os.pidfd_open(pid)
    clock.now += 3600
    with pytest.raises(ActionError, match="took longer"):
        finish(running)
    assert _has_ended(end)
    os.close(end)


def _has_ended(pidfd: int) -> bool:
    return bool(select.select([pidfd], [], [], 15)[0])


def test_grandchild_that_keeps_the_pipe_does_not_keep_the_job(tmp_path: Path, fifo: int) -> None:
    """A job ends with its program, even if a background process still holds the pipe."""
    script = f"(echo $$ > /dev/null; sh -c 'echo $$ > {tmp_path / 'fifo'}; exec sleep 600') &"
    job = action(["sh", "-c", script]).run(YES)
    pid = int(os.read(fifo, 32))
    finish(job)
    os.kill(pid, 0)  # it lives on: a player in the background is the user's wish
    os.kill(pid, signal.SIGKILL)


def test_flood_is_read_and_thrown_away(caplog: pytest.LogCaptureFixture) -> None:
    """A program that prints megabytes ends, with few lines in the log and its last one known."""
    code = "import sys\nfor i in range(200000): print('x' * 20, i)\nsys.stdout.flush(); sys.exit('the end')"
    with caplog.at_level(logging.INFO), pytest.raises(ActionError, match="exited with 1: the end"):
        finish(action(python(code)).run(YES))
    assert len(caplog.messages) == MAX_LOGGED_LINES + 1
    assert "printed more" in caplog.messages[-1]


def test_flood_without_line_breaks_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A program that prints megabytes in one line leaves at most 64 KiB in the log."""
    with caplog.at_level(logging.INFO):
        finish(action(python("print('y' * 5_000_000)")).run(YES))
    assert 60_000 < sum(map(len, caplog.messages)) < 70_000


def test_endless_flood_does_not_hold_a_poll(clock: ManualClock) -> None:
    """A program that never stops printing is still ended by its time limit."""
    job = action(["yes"], clock, timeout_s=1).run(YES)
    assert not job.poll()
    clock.now += 2
    with pytest.raises(ActionError, match="took longer"):
        finish(job)


def test_output_that_is_no_text_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    """Bytes that are not UTF-8 are logged with replacement characters."""
    with caplog.at_level(logging.INFO):
        finish(action(["printf", r"\377\376ok"]).run(YES))
    assert caplog.messages == ["actions[0] command: \ufffd\ufffdok"]


def test_concurrency_is_limited() -> None:
    """A run beyond the limit is refused, and possible again after one has ended."""
    cats = action(["sleep", "600"], concurrency=2)
    jobs = [cats.run(YES), cats.run(YES)]
    with pytest.raises(ActionBusyError, match="sleep still runs 2 time"):
        cats.run(YES)
    _cancel(jobs[0])
    jobs.append(cats.run(YES))
    _cancel(*jobs[1:])


def _cancel(*jobs: CommandJob) -> None:
    for job in jobs:
        job.cancel()
        with pytest.raises(ActionError, match="was cancelled"):
            finish(job)


def test_second_cancel_forces(tmp_path: Path, fifo: int) -> None:
    """A program that ignores SIGTERM ends at the second cancel."""
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"open({str(tmp_path / 'fifo')!r}, 'w').write('ready'); time.sleep(600)"
    )
    job = action(python(code)).run(YES)
    assert os.read(fifo, 5) == b"ready"
    job.cancel()
    job.cancel()
    with pytest.raises(ActionError, match="was cancelled"):
        finish(job)
    job.cancel()  # nothing is left to do


def test_no_file_is_left_open() -> None:
    """Many runs leave no file descriptor behind."""
    true = action(["true"])
    finish(true.run(YES))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(30):
        finish(true.run(YES))
    assert len(os.listdir("/proc/self/fd")) == before


def test_program_problem(tmp_path: Path) -> None:
    """``check`` is told of a program that is missing, not executable, or not given in full."""
    plain = tmp_path / "plain"
    plain.write_text("")
    assert program_problem(["true"]) is None
    assert program_problem(["/bin/true", "x"]) is None
    assert "no such program in PATH" in str(program_problem(["no-such-program"]))
    assert "no such file" in str(program_problem(["/no/such/program"]))
    assert "not an executable file" in str(program_problem([str(plain)]))
    assert "not an executable file" in str(program_problem([str(tmp_path)]))
    assert "write the whole path" in str(program_problem(["./lamp.sh"]))
