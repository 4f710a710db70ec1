"""`edge-daemon monitor` on a real terminal, beside a real daemon or without one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.integration.command_line import (
    DEFAULTS,
    DEMO,
    SINGLE_WORDS,
    RunningDaemon,
    demo_samples,
    edge_daemon,
)
from tests.integration.terminal import Terminal
from tests.integration.virtual_microphone import NAME, VirtualMicrophone

OWN = ("monitor", "--config", DEFAULTS, "--source", f"wav:{DEMO}", "--pace", "fast")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a configuration of a daemon that hears the demo clip, with a socket of its own."""
    path = tmp_path / "config.yaml"
    path.write_text(
        f"audio: {{source: 'wav:{DEMO}', pace: realtime}}\n"
        f"control: {{path: {tmp_path / 'control.sock'}}}\ntelemetry: {{interval_s: 1}}\n"
    )
    return path


def assert_left_as_it_was(terminal: Terminal) -> None:
    """Hold the monitor to a clean end: exit code 0, the old screen, a cursor, and an echo."""
    code = terminal.end()
    picture = terminal.picture
    assert code == 0, picture.text
    assert (picture.is_alternate, picture.has_cursor) == (False, True)
    assert terminal.modes == terminal.modes_before
    assert (picture.wrapped, picture.n_scrolled) == ([], 0)


def test_its_own_source_at_80_by_24() -> None:
    """Everything important stands on 24 lines of 80 columns, nothing wraps or scrolls, and `q`
    leaves the terminal as it was.
    """  # noqa: D205
    with Terminal(*OWN) as terminal:
        text = terminal.wait_for("ENDED", "computer go", "0.91")
        lines = text.splitlines()
        assert len(lines) == 24, text
        for wanted in ("health", "level", "yes", "view glass", "latency", "power", "q quit"):
            assert wanted in text, f"{wanted} is missing:\n{text}"
        assert terminal.picture.is_alternate
        assert terminal.picture.colours
        terminal.press("q")
        assert_left_as_it_was(terminal)


def test_without_a_terminal_it_prints_lines() -> None:
    """In a pipe each line says how it is, with the words of its second; and the end is the end."""
    done = edge_daemon(*OWN)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "heard computer (0.89), computer stop (0.63)" in done.stdout, done.stdout
    assert lines[-1].split("  ")[1:3] == ["ended", "the audio has ended"]
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--source", "radio:3"], 2, "audio.source"),
        (["--source", "wav:/nowhere.wav"], 1, "/nowhere.wav"),
        (["--pace", "fast"], 2, "--pace is for --source"),
    ],
)
@pytest.mark.heavy
def test_what_cannot_be_shown_is_said(arguments: list[str], code: int, told: str) -> None:
    """One message and the usual exit codes, without a traceback."""
    done = edge_daemon("monitor", "--config", DEFAULTS, *arguments)
    assert done.returncode == code, done.stderr
    assert told in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.heavy
def test_a_source_that_does_not_open_leaves_the_terminal() -> None:
    """The message stands on the screen from before, after the monitor has ended."""
    with Terminal("monitor", "--config", DEFAULTS, "--source", "wav:/nowhere.wav") as terminal:
        assert terminal.end() == 1
        assert not terminal.picture.is_alternate
        assert terminal.picture.has_cursor
        assert "edge-daemon: /nowhere.wav" in terminal.picture.text


@pytest.mark.heavy
def test_a_daemon_through_its_life(config: Path) -> None:
    """It is not there, comes, is muted and heard again by a key, is killed, and comes again."""
    with Terminal("monitor", "--config", config) as terminal:
        terminal.wait_for("NO DAEMON", "no running daemon was found", "--source mic")
        for _ in range(2):
            with RunningDaemon("--config", config):
                terminal.wait_for("LISTENING", "computer stop", "demo.flac", "% of a core")
                terminal.press("m")
                terminal.wait_for("MUTED")
                terminal.press("m")
                terminal.wait_for("LISTENING")
            terminal.wait_for("NO DAEMON")  # it was killed
        terminal.press("q")
        assert_left_as_it_was(terminal)


@pytest.mark.heavy
def test_a_daemon_that_hangs(config: Path) -> None:
    """One that is stopped in its tracks is not shown as listening; when it goes on, it is."""
    with (
        RunningDaemon("--config", config) as daemon,
        Terminal("monitor", "--config", config) as terminal,
    ):
        terminal.wait_for("LISTENING")
        daemon.process.send_signal(signal.SIGSTOP)
        terminal.wait_for("NO NEWS for")
        daemon.process.send_signal(signal.SIGCONT)
        terminal.wait_for("LISTENING")
        terminal.press("q")
        assert_left_as_it_was(terminal)


@pytest.mark.heavy
@pytest.mark.parametrize("size", [(80, 24), (40, 10), (200, 60), (10, 3)])
def test_other_sizes_while_it_runs(size: tuple[int, int]) -> None:
    """A window that is made larger or smaller is filled, and no more than that."""
    source = ("--source", f"wav:{DEMO}")
    with Terminal("monitor", "--config", DEFAULTS, *source, width=120, height=40) as terminal:
        terminal.wait_for("LISTENING")
        terminal.resize(*size)
        terminal.wait_until(
            lambda text: text.splitlines()[-1].startswith("m mute/"), "the last line"
        )
        # a frame of the old size may have been on its way; from here on it knows
        terminal.picture.wrapped.clear()
        terminal.picture.n_scrolled = 0
        terminal.wait_until(lambda text: " " in text, "another frame")
        terminal.process.send_signal(signal.SIGINT)
        assert_left_as_it_was(terminal)


@pytest.mark.heavy
def test_ctrl_c_and_a_pause() -> None:
    """Ctrl-Z gives the terminal back, and takes it again; Ctrl-C ends it cleanly."""
    with Terminal("monitor", "--config", DEFAULTS, "--source", f"wav:{DEMO}") as terminal:
        terminal.wait_for("LISTENING")
        terminal.press("\x1a")
        os.waitid(os.P_PID, terminal.process.pid, os.WSTOPPED)
        terminal.wait_until(lambda _: not terminal.picture.is_alternate, "the screen of before")
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for("LISTENING")
        terminal.press("\x03")
        assert_left_as_it_was(terminal)


@pytest.mark.heavy
def test_a_terminal_that_goes_away_ends_it() -> None:
    """A connection that breaks leaves no monitor behind."""
    with Terminal("monitor", "--config", DEFAULTS, "--source", f"wav:{DEMO}") as terminal:
        terminal.wait_for("LISTENING")
        terminal.hang_up()
        terminal.process.wait(20)


@pytest.mark.heavy
@pytest.mark.parametrize(
    "more",
    [
        {"NO_COLOR": "1"},
        {"TERM": "linux"},
        {"LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_plain_terminals(more: dict[str, str]) -> None:
    """No colours where none are wished; no blocks where the font or the encoding lacks them."""
    with Terminal(*OWN, env=more) as terminal:
        text = terminal.wait_for("ENDED", "computer go", "0.91")
        if "NO_COLOR" in more:
            assert not terminal.picture.colours
        else:
            assert text.isascii(), text
        terminal.press("q")
        assert_left_as_it_was(terminal)


@pytest.mark.heavy
def test_a_dumb_terminal_gets_lines() -> None:
    """Where the cursor cannot be moved there is a line a second, and no escape sequence."""
    with Terminal(*OWN, env={"TERM": "dumb"}, width=200) as terminal:
        assert terminal.end() == 0
        assert b"\x1b" not in terminal.output
        assert b"heard computer (0.89)" in terminal.output


@pytest.mark.heavy
def test_a_microphone_of_its_own(virtual_microphone: VirtualMicrophone) -> None:
    """Words are heard, `m` makes it deaf and hear again, and a microphone that is pulled is lost
    until it is there again.
    """  # noqa: D205
    arguments = ("monitor", "--config", SINGLE_WORDS, "--source", f"mic:{NAME}")
    with Terminal(*arguments) as terminal:
        terminal.wait_for("LISTENING", NAME)
        virtual_microphone.play(demo_samples(1))
        terminal.wait_for("heard 1 since", "computer")
        terminal.press("m")
        terminal.wait_for("MUTED")
        terminal.press("m")
        terminal.wait_for("LISTENING")
        virtual_microphone.unplug()
        terminal.wait_for("LOST", "no audio")
        virtual_microphone.plug()
        terminal.wait_for("LISTENING")
        terminal.press("q")
        assert_left_as_it_was(terminal)
