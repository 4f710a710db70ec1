"""What every power meter keeps, over real-looking trees of every kind of machine."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.telemetry.sensors import (
    Battery,
    HwmonPower,
    JetsonRails,
    PiPmic,
    PowerMeter,
    Rapl,
    Reading,
)
from tests.unit.telemetry.sensors import trees


@dataclass(frozen=True)
class Machine:
    """A tree, the meter that reads it, and what it draws."""

    build: Callable[[Path, int], object]
    meter: Callable[[Path], PowerMeter]
    power_w: float
    values: str
    """A pattern of the files that hold what changes."""


def busy_rapl(root: Path) -> Rapl:
    """Return a meter between whose readings a second passes and every counter moves by 5 J."""
    ticks = count()

    def tick() -> float:
        for path in root.glob("sys/class/powercap/intel-rapl:*/energy_uj"):
            if (text := path.read_bytes().strip()).isdigit():
                path.write_text(f"{int(text) + 5_000_000}\n")
        return float(next(ticks))

    return Rapl(root, clock=tick)


MACHINES = {
    "Orin Nano": Machine(trees.orin_nano, JetsonRails, 5.787648, "sys/devices/**/in1_input"),
    "AGX Orin": Machine(trees.agx_orin, JetsonRails, 8.006656, "sys/devices/**/curr3_input"),
    "Jetson Nano": Machine(trees.jetson_nano, JetsonRails, 1.582464, "sys/devices/**/in_*0_input"),
    "Thor": Machine(trees.thor, HwmonPower, 32.269016, "sys/devices/**/power1_input"),
    "INA219": Machine(trees.ina219, HwmonPower, 2.74, "sys/devices/platform/**/power1_input"),
    "Pi 5": Machine(trees.pi_5, PiPmic, trees.PMIC_W, "answers/pmic_read_adc"),
    "two sockets": Machine(
        trees.x86_server, busy_rapl, 10.0, "sys/devices/**/intel-rapl:1/energy_uj"
    ),
    "laptop": Machine(trees.laptop, Battery, 6.31, "sys/class/power_supply/BAT*/power_now"),
}
anywhere = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)


def second_reading(meter: PowerMeter) -> Reading:
    """Read twice: a counter's first reading says nothing."""
    meter.read()
    return meter.read()


@anywhere
def test_power_is_found_by_label(machine: Machine, tmp_path: Path) -> None:
    """The meter says what the machine draws, in watts, and what that covers."""
    machine.build(tmp_path, 1)
    meter = machine.meter(tmp_path)
    assert meter.absence() == ""
    reading = second_reading(meter)
    assert reading.value == pytest.approx(machine.power_w, abs=1e-6)
    assert reading.reason == ""
    assert meter.name
    assert meter.covers
    assert meter.period_s > 0


@anywhere
def test_absent_is_none_with_a_reason(machine: Machine, tmp_path: Path) -> None:
    """On a machine without the sensor there is no value, a reason, and no 0."""
    meter = machine.meter(tmp_path)
    reading = second_reading(meter)
    assert reading.value is None
    assert reading.reason == meter.absence() != ""
    assert meter.name


@anywhere
def test_vanishes_and_comes_back_under_another_number(machine: Machine, tmp_path: Path) -> None:
    """A driver that is loaded again is found again, wherever it is then."""
    machine.build(tmp_path, 1)
    meter = machine.meter(tmp_path)
    meter.read()
    for part in tmp_path.iterdir():
        shutil.rmtree(part)
    gone = meter.read()
    assert gone.value is None
    assert gone.reason
    machine.build(tmp_path, 5)
    assert second_reading(meter).value == pytest.approx(machine.power_w, abs=1e-6)


@anywhere
def test_one_file_vanishes(machine: Machine, tmp_path: Path) -> None:
    """A single value that is gone leaves no sum without it."""
    machine.build(tmp_path, 1)
    meter = machine.meter(tmp_path)
    meter.read()
    next(tmp_path.glob(machine.values)).unlink()
    reading = second_reading(meter)
    assert reading.value is None
    assert reading.reason


@anywhere
@pytest.mark.parametrize("text", ["", "\n", "garbage\n", "nan\n", "1e6\n", "\0\xff\n", "9" * 30])
def test_garbage_is_none(machine: Machine, text: str, tmp_path: Path) -> None:
    """What is no number, or none that a machine can draw, is None with a reason."""
    machine.build(tmp_path, 1)
    meter = machine.meter(tmp_path)
    meter.read()
    next(tmp_path.glob(machine.values)).write_text(text, encoding="latin-1")
    reading = second_reading(meter)
    assert reading.value is None
    assert reading.reason


@anywhere
def test_any_bytes_anywhere(machine: Machine, tmp_path: Path) -> None:
    """Whatever a file holds, nothing raises, and the reading is a number or None with a reason."""
    machine.build(tmp_path, 1)
    files = sorted(p for p in tmp_path.rglob("*") if p.is_file() and os.access(p, os.W_OK))
    files = [path for path in files if path.name != "vcgencmd"]

    @settings(max_examples=25, deadline=None, database=None)
    @given(
        st.sampled_from(files), st.one_of(st.binary(max_size=60), st.from_regex(rb"-?\d{1,40}\n"))
    )
    def holds(file: Path, garbage: bytes) -> None:
        before = file.read_bytes()
        file.write_bytes(garbage)
        try:
            meter = machine.meter(tmp_path)
            meter.absence()
            reading = second_reading(meter)
        finally:
            file.write_bytes(before)
        assert (reading.value is None) == bool(reading.reason)
        assert reading.value is None or (math.isfinite(reading.value) and reading.value >= 0)

    holds()
