"""find_power_meter and find_sensors: which of several, and why not the others."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from edge_daemon.telemetry.sensors import Battery, find_power_meter, find_sensors
from tests.unit.telemetry.sensors import trees


@pytest.mark.parametrize(
    ("builders", "name"),
    [
        ([trees.orin_nano, trees.ina219], "INA3221 VDD_IN"),
        ([trees.thor], "INA238"),
        ([trees.pi_5, trees.ina219], "INA219"),
        ([trees.pi_5], "Raspberry Pi 5 PMIC"),
        ([trees.laptop, trees.x86_server], "RAPL"),
        ([trees.laptop], "battery"),
    ],
)
def test_the_one_that_covers_most(
    builders: list[Callable[[Path], object]], name: str, tmp_path: Path
) -> None:
    """A meter at the board's input comes before one of its parts."""
    for build in builders:
        build(tmp_path)
    meter, refused = find_power_meter(tmp_path)
    assert meter is not None
    assert meter.name == name
    assert len(refused) == 4
    assert all(": " in line for line in refused)


def test_not_used_beside_a_better_one(tmp_path: Path) -> None:
    """A meter that could be read and is not used is said to be so."""
    trees.pi_5(tmp_path)
    trees.ina219(tmp_path)
    _, refused = find_power_meter(tmp_path)
    assert any(line.startswith("Raspberry Pi 5 PMIC: not used beside INA219") for line in refused)


def test_nothing_found(tmp_path: Path) -> None:
    """An empty machine has no sensor, and a reason for each."""
    sensors = find_sensors(tmp_path)
    assert (sensors.power, sensors.thermometer, sensors.throttling, sensors.clock) == (None,) * 4
    assert sorted(sensors.reasons) == ["clock", "power", "temperature", "throttling"]
    assert all(sensors.reasons.values())
    assert len(sensors.refused) == 5


def test_all_of_a_pi(tmp_path: Path) -> None:
    """A Raspberry Pi 5 has all four, and no reasons are left."""
    trees.pi_5(tmp_path)
    sensors = find_sensors(tmp_path)
    assert sensors.power is not None
    assert sensors.thermometer is not None
    assert sensors.throttling is not None
    assert sensors.clock is not None
    assert sensors.reasons == {}


def test_a_permission_is_the_reason(tmp_path: Path) -> None:
    """Where a permission is all that is missing, the reason is that, with what mends it."""
    for energy in trees.x86_server(tmp_path):
        energy.chmod(0o400 if trees.is_root() else 0)
    trees.open_to_all(tmp_path)
    with trees.as_plain_user():
        reason = find_sensors(tmp_path).reasons["power"]
    assert reason.startswith("RAPL: ")
    assert "deploy/60-edge-daemon.rules" in reason
    assert "INA3221" not in reason


def test_finding_measures_nothing(tmp_path: Path) -> None:
    """A value that would hang (a FIFO that nobody writes) does not hold the start."""
    trees.orin_nano(tmp_path)
    value = next(tmp_path.glob("sys/devices/**/in1_input"))
    value.unlink()
    os.mkfifo(value)
    assert find_sensors(tmp_path).power is not None


def test_this_machine() -> None:
    """On the machine that runs the tests everything is found or has its reason."""
    sensors = find_sensors()
    for name, sensor in (
        ("power", sensors.power),
        ("temperature", sensors.thermometer),
        ("throttling", sensors.throttling),
        ("clock", sensors.clock),
    ):
        assert (sensor is None) == (name in sensors.reasons)


def test_a_tree_that_changes_while_it_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that vanishes under the search is a reason, at the start and in a reading."""

    def vanishing(folder: Path, pattern: str) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder / pattern))

    monkeypatch.setattr(Path, "glob", vanishing)
    sensors = find_sensors(tmp_path)
    assert (sensors.power, sensors.thermometer, sensors.throttling) == (None, None, None)
    assert "cannot be looked for" in sensors.reasons["temperature"]
    assert "cannot be looked for" in Battery(tmp_path).read().reason
