"""Pins of the running daemon: actions, buttons and the LED, on gpiozero's mock factory."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from edge_daemon.control import Answer
from edge_daemon.control.client import ask
from edge_daemon.control.messages import Reload, Request, Status, Trigger
from tests.integration.command_line import Pipe, RunningDaemon, assert_one_complaint, edge_daemon

PROGRAM = (sys.executable, "-m", "tests.integration.daemon_with_pins", "run")
LAMP, BUTTON, TALK, LED = 17, 5, 6, 27


class Board:
    """A daemon at a FIFO, with pins, and a configuration that a test rewrites."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self.pipe = Pipe(folder / "audio.fifo")

    def write(self, **sections: object) -> None:
        """Write the configuration."""
        usual = {
            "decision": {"wake_words": []},
            "audio": {"source": f"pcm:{self.folder}/audio.fifo"},
            "control": {"path": str(self.folder / "control.sock")},
            "telemetry": {"interval_s": 0, "sensors_s": 0},
        }
        self.config.write_text(yaml.safe_dump({**usual, **sections}))

    def start(self) -> RunningDaemon:
        """Start the daemon and wait until it listens."""
        daemon = RunningDaemon(
            "--config", self.config, program=PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={"XDG_STATE_HOME": str(self.folder)},
        )  # fmt: skip
        self.daemon = daemon
        daemon.wait_for("listening to")
        return daemon

    def next_level(self) -> str:
        """Wait for the next thing that the daemon does to a pin."""
        assert self.daemon.process.stdout
        return str(self.daemon.process.stdout.readline().strip())

    def ask(self, request: Request) -> Answer:
        """Ask the daemon, which has to grant it."""
        answer = ask([self.folder / "control.sock"], request, 30.0)
        assert answer.ok, answer.problems
        return answer

    def is_muted(self) -> bool:
        """Ask the daemon whether it is muted."""
        data = self.ask(Status()).data
        assert data
        return bool(data["muted"])

    def drive(self, pin: int, level: int) -> None:
        """Do what a button does."""
        assert self.daemon.process.stdin
        self.daemon.process.stdin.write(f"{pin} {level}\n")
        self.daemon.process.stdin.flush()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    """A board without a daemon yet."""
    made = Board(tmp_path)
    yield made
    made.pipe.close()


def test_a_pin_over_two_reloads_to_the_stop(board: Board) -> None:
    """An action's pin stays open and as it is, and is off and closed when the daemon has stopped."""
    board.write(actions=[{"say": "yes", "gpio": {"pin": LAMP, "do": "toggle"}}])
    with board.start() as daemon:
        board.ask(Trigger("yes"))
        assert board.next_level() == "17 1"
        board.ask(Reload())
        board.ask(Reload())
        board.ask(Trigger("yes"))
        assert board.next_level() == "17 0"
        board.ask(Trigger("yes"))
        assert board.next_level() == "17 1"
        assert daemon.stop(signal.SIGTERM) == 0
        assert [board.next_level(), board.next_level()] == ["17 0", "17 closed"]
        assert "Traceback" not in "".join(daemon.lines)


@pytest.mark.heavy
def test_a_mute_button_and_its_led(board: Board) -> None:
    """A press mutes the daemon, which lights the LED; the next press ends both."""
    board.write(gpio={"buttons": [{"pin": BUTTON, "do": "mute"}], "mute_led": LED})
    with board.start() as daemon:
        board.drive(BUTTON, 0)
        assert board.next_level() == "27 1"
        assert board.is_muted()
        board.drive(BUTTON, 1)
        board.drive(BUTTON, 0)
        assert board.next_level() == "27 0"
        assert not board.is_muted()
        assert daemon.stop(signal.SIGTERM) == 0


@pytest.mark.heavy
def test_push_to_talk(board: Board) -> None:
    """The daemon is muted but while the button is held, also after a reload."""
    talk = {"buttons": [{"pin": TALK, "do": "push_to_talk"}], "mute_led": LED}
    board.write(gpio=talk)
    with board.start() as daemon:
        for _ in range(2):
            assert board.next_level() == "27 1"
            board.drive(TALK, 0)
            assert board.next_level() == "27 0"
            assert not board.is_muted()
            board.drive(TALK, 1)
            assert board.next_level() == "27 1"
            assert board.is_muted()
            board.write(gpio={**talk, "mute_led": None})
            board.ask(Reload())
            assert [board.next_level(), board.next_level()] == ["27 0", "27 closed"]
            board.write(gpio=talk)
            board.ask(Reload())
        assert daemon.stop(signal.SIGTERM) == 0


@pytest.mark.heavy
def test_a_pin_goes_from_an_action_to_a_button_and_back(board: Board) -> None:
    """A reload that is refused, as the pin is still a button's, changes nothing and says so."""
    action = [{"say": "yes", "gpio": {"pin": LAMP, "do": "toggle"}}]
    button = {"buttons": [{"pin": LAMP, "do": "mute"}]}
    board.write(actions=action)
    with board.start() as daemon:
        board.write(gpio=button)
        board.ask(Reload())
        assert board.next_level() == "17 closed"
        board.drive(LAMP, 0)
        daemon.wait_for("muted")
        board.write(actions=action)
        refused = ask([board.folder / "control.sock"], Reload(), 30.0)
        assert not refused.ok
        assert "pin 17 cannot be opened" in refused.problems[0]
        assert daemon.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("command", [pytest.param("run", marks=pytest.mark.heavy), "check"])
def test_a_machine_without_pins(tmp_path: Path, command: str) -> None:
    """Where nothing drives pins neither command goes on, and both say what is to be installed."""
    config = tmp_path / "config.yaml"
    config.write_text("gpio: {mute_led: 27}\naudio: {source: 'wav:/dev/null'}\n")
    done = edge_daemon(command, "--config", config, env={"GPIOZERO_PIN_FACTORY": "none"})
    assert_one_complaint(
        done, 1, "'none'", "pip install 'edge-daemon[gpio]'", "group gpio", "drop-ins/gpio.conf"
    )
