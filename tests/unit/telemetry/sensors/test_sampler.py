"""Sampler: real files, a real FIFO in place of one that hangs, a clock set by hand."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from edge_daemon.telemetry.sensors import Sampler, Sensors, find_sensors
from tests.unit.telemetry.sensors import trees


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now_s


def sensor_threads() -> list[threading.Thread]:
    """Return the samplers' threads of this process."""
    return [thread for thread in threading.enumerate() if thread.name == "edge-sensors"]


@pytest.fixture
def orin(tmp_path: Path) -> Path:
    """Return the tree of a Jetson Orin Nano with a thermometer and a clock."""
    trees.orin_nano(tmp_path)
    zone = {"type": "cpu-thermal", "temp": "49250"}
    trees.write(tmp_path / "sys/class/thermal/thermal_zone0", zone)
    policy = {"scaling_cur_freq": "1510400"}
    trees.write(tmp_path / "sys/devices/system/cpu/cpufreq/policy0", policy)
    return tmp_path


def milliamperes(root: Path) -> Path:
    """Return the file that the test changes: the current at 5.024 V."""
    return next(root.glob("sys/devices/**/hwmon1/curr1_input"))


def test_figures_of_an_interval(orin: Path) -> None:
    """Mean and maximum are of the interval, joules and their seconds since the start."""
    clock = Hand()
    sampler = Sampler(find_sensors(orin), clock=clock)
    sampler.sample()
    for ma in (1000, 2000, 3000):
        clock.now_s += 1
        milliamperes(orin).write_text(f"{ma}\n")
        sampler.sample()
    figures = sampler.take()
    assert figures["meter"] == "INA3221 VDD_IN"
    assert figures["covers"] == "the whole module"
    assert figures["watts_mean"] == pytest.approx(2 * 5.024)
    assert figures["watts_max"] == pytest.approx(3 * 5.024)
    assert figures["joules"] == pytest.approx(6 * 5.024)
    assert figures["measured_s"] == 3
    assert figures["temperature_c"] == 49.25
    assert figures["clock_hz"] == 1.5104e9
    assert list(figures["reasons"]) == ["throttling"]
    assert figures["throttled"] is None
    assert json.loads(json.dumps(figures))["watts_max"] == figures["watts_max"]


def test_next_interval_begins_anew(orin: Path) -> None:
    """Without a reading since, there is no mean, and the joules stay."""
    clock = Hand()
    sampler = Sampler(find_sensors(orin), clock=clock)
    sampler.sample()
    clock.now_s += 1
    sampler.sample()
    joules = sampler.take()["joules"]
    figures = sampler.take()
    assert figures["watts_mean"] is None
    assert figures["joules"] == joules


def test_file_vanishes_and_comes_back(orin: Path) -> None:
    """While it is gone there is a reason and no 0; the seconds that were not measured are known."""
    clock, file = Hand(), milliamperes(orin)
    sampler = Sampler(find_sensors(orin), clock=clock)
    sampler.sample()
    file.unlink()
    for _ in range(3):
        clock.now_s += 1
        sampler.sample()
    sampler.take()
    clock.now_s += 1
    sampler.sample()
    figures = sampler.take()
    assert (figures["watts_mean"], figures["watts_max"], figures["joules"]) == (None, None, None)
    assert figures["reasons"]["power"] == f"there is no {gone_as_seen(orin)}"
    file.write_text("1000\n")
    clock.now_s += 1
    sampler.sample()
    figures = sampler.take()
    assert figures["watts_mean"] == 5.024
    assert figures["measured_s"] == 1
    assert "power" not in figures["reasons"]


def gone_as_seen(root: Path) -> Path:
    """Return the name under which the driver's folder shows the file."""
    folder = next(root.glob("sys/bus/i2c/drivers/ina3221/*/hwmon/hwmon1"))
    return folder / "curr1_input"


def test_garbage_in_the_run(orin: Path) -> None:
    """Garbage is None with what the file holds."""
    clock = Hand()
    sampler = Sampler(find_sensors(orin), clock=clock)
    milliamperes(orin).write_text("~~~\n")
    sampler.sample()
    assert "holds '~~~', not a number" in sampler.take()["reasons"]["power"]


def test_periods(tmp_path: Path) -> None:
    """A sensor whose reading costs a fork is read less often than the others."""
    trees.pi_5(tmp_path)
    clock = Hand()
    sampler = Sampler(find_sensors(tmp_path), clock=clock)
    sampler.sample()
    answers = tmp_path / "answers"
    (answers / "pmic_read_adc").write_text(" VDD_A current(0)=2.0A\n VDD_V volt(1)=5.0V\n")
    clock.now_s += 4.9
    sampler.sample()
    assert sampler.take()["watts_max"] == pytest.approx(trees.PMIC_W, abs=1e-4)
    clock.now_s += 0.2
    sampler.sample()
    assert sampler.take()["watts_max"] == 10


def test_throttling_between_two_takes(tmp_path: Path) -> None:
    """What held the processor back at any reading of the interval is in its figures."""
    trees.pi_5(tmp_path)
    clock, answer = Hand(), tmp_path / "answers/get_throttled"
    sampler = Sampler(find_sensors(tmp_path), clock=clock)
    answer.write_text("throttled=0x10001\n")
    sampler.sample()
    clock.now_s += 31
    answer.write_text("throttled=0x10000\n")
    sampler.sample()
    figures = sampler.take()
    assert figures["throttled"] == ("under-voltage",)
    assert figures["throttled_since_boot"] == ("under-voltage",)
    assert sampler.take()["throttled"] == ()


def test_nothing_to_read(tmp_path: Path) -> None:
    """Where there is no sensor there is no thread, and all reasons are given."""
    before = sensor_threads()
    sampler = Sampler(find_sensors(tmp_path))
    sampler.start()
    assert sensor_threads() == before
    figures = sampler.take()
    assert sorted(figures["reasons"]) == ["clock", "power", "temperature", "throttling"]
    assert figures["meter"] is None
    assert figures["measured_s"] == 0
    sampler.stop(1.0)


def test_never_started(orin: Path) -> None:
    """Figures of a sampler that has read nothing say so; a stop is harmless."""
    sampler = Sampler(find_sensors(orin))
    assert sampler.take()["reasons"]["power"] == "not read yet"
    sampler.stop(1.0)


def test_thread_reads_and_ends(orin: Path) -> None:
    """The thread reads by itself, and a stop ends it."""
    pipe = in_place_of(milliamperes(orin))
    sampler = Sampler(find_sensors(orin), clock=Hand())
    sampler.start()
    with pipe.open("w") as file:  # waits until the thread reads
        file.write("1000\n")
    sampler.stop(10.0)
    assert sampler.take()["watts_mean"] == 5.024
    assert not any(thread.is_alive() for thread in sensor_threads())


def test_sensor_hangs(orin: Path) -> None:
    """A sensor that hangs is None with how long; others go on, and a stop does not wait for it."""
    power, clock = in_place_of(milliamperes(orin)), Hand()
    sampler = Sampler(find_sensors(orin), clock=clock)
    sampler.start()
    writer = os.open(power, os.O_WRONLY)  # waits until the thread reads
    (held,) = sensor_threads()
    thermometer = in_place_of(orin / "sys/class/thermal/thermal_zone0/temp")
    clock.now_s += 12
    figures = sampler.take()
    assert figures["watts_mean"] is None
    assert figures["reasons"]["power"] == "has not answered for 12 s"
    with thermometer.open("w") as file:  # waits until another thread reads
        file.write("50000\n")
    sampler.stop(10.0)
    assert sensor_threads() == [held]
    assert sampler.take()["temperature_c"] == 50
    os.close(writer)
    held.join(10.0)
    assert not held.is_alive()


def test_stop_does_not_wait_for_a_hanging_sensor(orin: Path) -> None:
    """Nobody has taken figures, and still the stop leaves the thread behind."""
    power, clock = in_place_of(milliamperes(orin)), Hand()
    sampler = Sampler(find_sensors(orin), clock=clock)
    sampler.start()
    writer = os.open(power, os.O_WRONLY)
    (held,) = sensor_threads()
    clock.now_s += 12
    sampler.stop(3600.0)
    assert held.is_alive()
    os.close(writer)
    held.join(10.0)


def test_no_more_threads_than_sensors(orin: Path) -> None:
    """A sensor that goes on hanging costs one thread, however often figures are taken."""
    power, clock = in_place_of(milliamperes(orin)), Hand()
    sampler = Sampler(find_sensors(orin), clock=clock)
    sampler.start()
    writer = os.open(power, os.O_WRONLY)
    clock.now_s += 60
    for _ in range(20):
        sampler.take()
    assert len(sensor_threads()) == 2
    sampler.stop(10.0)
    os.close(writer)
    for thread in sensor_threads():
        thread.join(10.0)


def test_figures_of_no_sensors() -> None:
    """Sensors that nobody looked for give no figures, and no error."""
    assert Sampler(Sensors()).take()["reasons"]["power"] == "no sensor"


def in_place_of(file: Path) -> Path:
    """Put a FIFO where a file was: opening it waits for the other side."""
    file.unlink()
    os.mkfifo(file)
    return file
