"""Thermometer and CpuClock on the trees of several machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_daemon.telemetry.sensors import CpuClock, Thermometer
from tests.unit.telemetry.sensors import trees


def zones(root: Path, types: dict[str, str]) -> None:
    """Add thermal zones by type, with millidegrees."""
    for n, (name, temperature) in enumerate(types.items()):
        files = {"type": name, "temp": temperature}
        trees.write(root / f"sys/devices/virtual/thermal/thermal_zone{n}", files)
        trees.link(
            root,
            f"sys/class/thermal/thermal_zone{n}",
            f"sys/devices/virtual/thermal/thermal_zone{n}",
        )


@pytest.mark.parametrize(
    ("types", "hottest_c"),
    [
        ({"cpu-thermal": "47400"}, 47.4),
        (
            {"AO-therm": "45500", "CPU-therm": "38000", "GPU-therm": "36500", "PMIC-Die": "100000"},
            38,
        ),
        ({"cpu-thermal": "49250", "cv0-thermal": "48000", "tj-thermal": "51500"}, 51.5),
        ({"acpitz": "27800", "x86_pkg_temp": "62000", "iwlwifi_1": "70000"}, 62),
        ({"bigcore0-thermal": "-5000", "soc-thermal": "-7000"}, -5),
    ],
    ids=["Pi", "Jetson Nano", "Orin", "laptop", "RK3588 outdoors"],
)
def test_hottest_of_the_chip(types: dict[str, str], hottest_c: float, tmp_path: Path) -> None:
    """The hottest zone of the processor's chip counts; boards, radios and a PMIC do not."""
    zones(tmp_path, types)
    assert Thermometer(tmp_path).read().value == hottest_c


def test_zone_of_a_part_that_is_off(tmp_path: Path) -> None:
    """A zone that does not answer, or says what cannot be, leaves the others."""
    zones(tmp_path, {"cpu-thermal": "48000", "gpu-thermal": "-256000", "soc0-thermal": "off"})
    assert Thermometer(tmp_path).read().value == 48


@pytest.mark.parametrize("text", ["", "garbage", "-256000", "9" * 25])
def test_garbage(text: str, tmp_path: Path) -> None:
    """Garbage is None with a reason."""
    zones(tmp_path, {"cpu-thermal": text})
    reading = Thermometer(tmp_path).read()
    assert reading.value is None
    assert reading.reason


def test_hwmon_where_no_zone_is_of_the_chip(tmp_path: Path) -> None:
    """Without such a zone the processor's own driver is taken."""
    zones(tmp_path, {"acpitz": "27800"})
    trees.hwmon(tmp_path, 3, "pci0000:00/0000:00:18.3", {"name": "k10temp", "temp1_input": "55125"})
    trees.hwmon(tmp_path, 4, "pci0000:00/0000:01:00.0", {"name": "nvme", "temp1_input": "70000"})
    assert Thermometer(tmp_path).read().value == 55.125


def test_zone_vanishes_and_comes_back(tmp_path: Path) -> None:
    """A zone that is gone is None with a reason, and is read again when it is back."""
    zones(tmp_path, {"cpu-thermal": "47400"})
    thermometer = Thermometer(tmp_path)
    file = tmp_path / "sys/class/thermal/thermal_zone0/temp"
    file.unlink()
    assert thermometer.read().reason == f"there is no {file}"
    file.write_text("48000\n")
    assert thermometer.read().value == 48


def test_no_thermometer(tmp_path: Path) -> None:
    """A machine without any says so."""
    thermometer = Thermometer(tmp_path)
    assert thermometer.read().value is None
    assert thermometer.absence() == thermometer.read().reason != ""


def test_fastest_core(tmp_path: Path) -> None:
    """The clock is that of the fastest cluster, in Hz."""
    for n, khz in enumerate(("1200000", "2400000", "600000")):
        cpufreq = tmp_path / f"sys/devices/system/cpu/cpufreq/policy{n}"
        trees.write(cpufreq, {"scaling_cur_freq": khz})
    assert CpuClock(tmp_path).read().value == 2.4e9


def test_clock_of_a_virtual_machine(tmp_path: Path) -> None:
    """Without cpufreq the kernel's list of processors is read."""
    cores = "processor\t: 0\ncpu MHz\t\t: 2596.142\n\nprocessor\t: 1\ncpu MHz\t\t: 2100.000\n"
    trees.write(tmp_path, {"proc/cpuinfo": cores})
    assert CpuClock(tmp_path).read().value == pytest.approx(2.596142e9)


@pytest.mark.parametrize("text", ["", "<unknown>", "0", "-1", "9" * 25])
def test_clock_garbage(text: str, tmp_path: Path) -> None:
    """A core that is off says `<unknown>`; that is no clock."""
    cpufreq = tmp_path / "sys/devices/system/cpu/cpufreq/policy0"
    trees.write(cpufreq, {"scaling_cur_freq": text})
    reading = CpuClock(tmp_path).read()
    assert reading.value is None
    assert reading.reason


def test_no_clock(tmp_path: Path) -> None:
    """An Arm machine without cpufreq has no clock that could be read."""
    trees.write(tmp_path, {"proc/cpuinfo": "processor\t: 0\nBogoMIPS\t: 108.00\n"})
    assert "no cpufreq" in CpuClock(tmp_path).absence()
