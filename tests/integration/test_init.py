"""`edge-daemon init`, asked by pipes and on a terminal, with and without a microphone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_daemon.check import check
from edge_daemon.config import CommandConfig, Config, load_config
from tests.integration.command_line import (
    DEMO,
    ROOT,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
)
from tests.integration.terminal import Terminal
from tests.integration.virtual_microphone import NAME, VirtualMicrophone


def init(*arguments: str | Path, answers: str = "") -> subprocess.CompletedProcess[str]:
    """Run it with these answers, a line each."""
    return subprocess.run(
        [sys.executable, "-m", "edge_daemon", "init", *map(str, arguments)],
        cwd=ROOT, input=answers, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_answers_by_a_pipe(tmp_path: Path) -> None:
    """Each answer is in the configuration, a wrong one is asked for again, and `check` agrees."""
    path = tmp_path / "config.yaml"
    answers = [
        "radio", f"wav:{DEMO}", "no",  # the source, the second time, and no test of it
        "jarvis, alexa", "on, bicycle", "on, off",  # wake words; words, the second time
        "command", 'echo "lamp on"',
        "stop", "webhook", "ftp://x", "http://127.0.0.1:9/stop",  # another one for a word
        "go", "mqtt", "home/#", "home/go", "127.0.0.1:1883", "127.0.0.1", "none",
        "no",
    ]  # fmt: skip
    done = init("-o", path, answers="\n".join(answers) + "\n")
    assert done.returncode == 0, done.stderr
    for told in ("audio.source", "bicycle", "is written", f"edge-daemon run --config {path}"):
        assert told in done.stdout, done.stdout
    config = load_config(path)
    assert config.audio.source == f"wav:{DEMO}"
    assert config.decision.wake_words == ["jarvis", "alexa"]
    assert [(a.say, a.kind) for a in config.actions] == [
        ("on", "command"), ("off", "command"), ("stop", "webhook"), ("go", "mqtt"),
    ]  # fmt: skip
    assert config.mqtt.host == "127.0.0.1"
    assert config.actions[0].command == CommandConfig(argv=["echo", "lamp on"])
    (problem,) = check(path)
    assert "127.0.0.1:9 cannot be reached" in problem.text


def test_all_defaults_without_a_microphone(tmp_path: Path) -> None:
    """With `--yes` nothing is asked; what is missing is told, and the file is valid."""
    path = tmp_path / "config.yaml"
    done = init("--yes", "-o", path)
    assert done.returncode == 0, done.stderr
    if "Microphones that open" in done.stdout:
        pytest.skip("this machine has a microphone")
    config = load_config(path)
    assert (config.audio, [(a.say, a.kind) for a in config.actions]) == (
        Config().audio,
        [("*", "log")],
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("arguments", "answers"), [((), "no\n"), ((), "\n"), ((), ""), (("--yes",), "")]
)
def test_a_file_that_is_there_stays(
    tmp_path: Path, arguments: tuple[str, ...], answers: str
) -> None:
    """Only a yes writes over it."""
    path = tmp_path / "config.yaml"
    path.write_text("# mine\n")
    done = init("-o", path, *arguments, answers=answers)
    assert done.returncode == 1
    assert path.read_text() == "# mine\n"
    assert f"edge-daemon: {path}: " in done.stderr, done.stderr


@pytest.mark.heavy
def test_a_yes_writes_over_it(tmp_path: Path) -> None:
    """After it was asked, and where the answers end the defaults are taken."""
    path = tmp_path / "config.yaml"
    path.write_text("# mine\n")
    done = init("-o", path, answers="yes\n")
    assert done.returncode == 0, done.stderr
    assert load_config(path).actions


@pytest.mark.heavy
def test_what_cannot_be_written_is_told_first(tmp_path: Path) -> None:
    """Nobody answers ten questions for nothing."""
    done = edge_daemon("init", "-o", tmp_path / "nowhere" / "config.yaml")
    assert_one_complaint(done, 1, "nowhere", "does not exist")


@pytest.mark.heavy
def test_ctrl_d_on_a_terminal_writes_nothing(tmp_path: Path) -> None:
    """It is the end, and no Enter."""
    path = tmp_path / "config.yaml"
    with Terminal("init", "-o", path) as terminal:
        terminal.wait_until(lambda text: text.rstrip().endswith("]"), "the first question")
        terminal.press("\x04")
        assert terminal.end() == 1
        terminal.wait_for("nothing was written")
    assert not path.exists()


@pytest.mark.heavy
def test_a_command_to_copy_is_one_line(tmp_path: Path) -> None:
    """However narrow the terminal is, and however long the name of the file."""
    path = tmp_path / "config.yaml"
    with Terminal("init", "--yes", "-o", path, width=60) as terminal:
        assert terminal.end() == 0
        assert f"-m 644 {path} /etc/edge-daemon/config.yaml" in terminal.output.decode()


@pytest.mark.heavy
def test_with_a_microphone(tmp_path: Path, virtual_microphone: VirtualMicrophone) -> None:
    """It lists the microphone, shows how loud it is, plays it back, and hears a word live."""
    path = tmp_path / "config.yaml"
    player = tmp_path / "aplay"
    player.write_text(f'#!/bin/sh\ncp "$2" {tmp_path / "played.wav"}\n')
    player.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with Terminal("init", "-o", path, height=60, env=environment) as terminal:
        terminal.wait_for(NAME, "Which one")
        terminal.press(f"mic:{NAME}\n")
        terminal.wait_for("Test it: say something")
        terminal.press("\n")
        terminal.wait_for("listening")
        virtual_microphone.play(demo_samples(2))
        terminal.wait_for("dBFS: good", "Play it back?")
        terminal.press("yes\n")
        terminal.wait_for("played", "Wake words")
        for question in ("Which words shall", "What shall be done", "Another thing", "a word, wit"):
            terminal.press("\n")
            terminal.wait_for(question)
        terminal.press("\n")
        terminal.wait_until(
            lambda text: "listening" in text.rstrip().splitlines()[-1], "the second test"
        )
        virtual_microphone.play(demo_samples(2))
        terminal.wait_for("heard computer", "then stop", "is written")
        assert terminal.end() == 0
    assert (tmp_path / "played.wav").stat().st_size > 16000 * 2
    assert load_config(path).audio.source == f"mic:{NAME}"
    assert [problem.text for problem in check(path)] == []
