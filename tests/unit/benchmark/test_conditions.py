"""What the sensors of a tree say of each window."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_daemon.benchmark.conditions import Conditions, read_often
from edge_daemon.telemetry.sensors import Sampler, find_sensors


class Clock:
    """Time that a test moves on."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


class Board:
    """A tree with a power monitor and a thermometer, read when a test says so."""

    def __init__(self, root: Path) -> None:
        self._power = root / "sys/class/hwmon/hwmon0/power1_input"
        self._temperature = root / "sys/class/thermal/thermal_zone0/temp"
        for path, kind, name in (
            (self._power, "name", "ina219"), (self._temperature, "type", "cpu-thermal"),
        ):  # fmt: skip
            path.parent.mkdir(parents=True)
            path.with_name(kind).write_text(f"{name}\n")
        self.say(3.0, 50.0)
        self.clock = Clock()
        sensors = read_often(find_sensors(root))
        self._sampler = Sampler(sensors, 1.0, self.clock)
        self.conditions = Conditions(sensors, self._sampler, self.clock)

    def say(self, watts: float, temperature_c: float) -> None:
        """Change what the sensors say."""
        self._power.write_text(f"{round(watts * 1e6)}\n")
        self._temperature.write_text(f"{round(temperature_c * 1e3)}\n")

    def forget_power(self) -> None:
        """Let the monitor vanish."""
        self._power.unlink()

    def run(self, seconds: int) -> None:
        """Let time pass, with a reading each second."""
        for _ in range(seconds):
            self.clock.now_s += 1.0
            self._sampler.sample()


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A board of 3 W and 50 °C."""
    made = Board(tmp_path)
    made.run(2)
    return made


def test_each_window_has_its_own_readings(board: Board) -> None:
    """What was before a window is not in it."""
    board.conditions.round = 2
    with board.conditions.window("idle"):
        board.run(3)
    board.say(5.0, 61.0)
    board.run(1)
    with board.conditions.window("inferring", "a row") as inferences:
        board.run(4)
        inferences.append(200)
    idle, inferring = board.conditions.windows
    assert (idle.watts_mean, idle.temperature_c, idle.length_s) == (3.0, 50.0, 3.0)
    assert (inferring.watts_mean, inferring.temperature_c) == (5.0, 61.0)
    assert (inferring.kind, inferring.row, inferring.round) == ("inferring", "a row", 2)
    assert (idle.n_inferences, inferring.n_inferences) == (None, 200)
    assert (idle.begin_s, inferring.begin_s) == (2.0, 6.0)


def test_a_meter_that_vanishes_is_no_0(board: Board) -> None:
    """The windows after it have no watts; the thermometer goes on."""
    board.forget_power()
    with board.conditions.window("idle"):
        board.run(3)
    [window] = board.conditions.windows
    assert window.watts_mean is None
    assert window.temperature_c == 50.0


def test_a_step_that_fails_leaves_no_window(board: Board) -> None:
    """Its time would be wrong."""
    with pytest.raises(RuntimeError), board.conditions.window("fast"):
        raise RuntimeError
    assert board.conditions.windows == []


def test_nothing_found_has_its_reasons(tmp_path: Path) -> None:
    """An empty tree has no meter, and says why."""
    sensors = read_often(find_sensors(tmp_path))
    conditions = Conditions(sensors, Sampler(sensors))
    assert not conditions.is_metered
    assert conditions.found.meter is None
    assert "power" in conditions.found.reasons
    with conditions.window("before"):
        pass
    assert conditions.windows[0].temperature_c is None
    assert conditions.windows[0].throttled is None
