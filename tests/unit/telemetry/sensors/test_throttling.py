"""Throttling: the Raspberry Pi's bits, the kernel's counters and cooling devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_daemon.telemetry.sensors import ThrottleState, Throttling, Vcgencmd
from tests.unit.telemetry.sensors import trees

ALL = ("frequency capped", "soft temperature limit", "throttled", "under-voltage")


@pytest.mark.parametrize(
    ("bits", "now", "since_boot"),
    [
        ("0x0", (), ()),
        ("0x50005", ("throttled", "under-voltage"), ("throttled", "under-voltage")),
        ("0x50000", (), ("throttled", "under-voltage")),
        ("0x80008", ("soft temperature limit",), ("soft temperature limit",)),
        ("0x20002", ("frequency capped",), ("frequency capped",)),
        ("0xf000f", ALL, ALL),
        ("0xe0000", (), ("frequency capped", "soft temperature limit", "throttled")),
    ],
)
def test_bits_of_the_firmware(
    bits: str, now: tuple[str, ...], since_boot: tuple[str, ...], tmp_path: Path
) -> None:
    """Bits 0 to 3 are of now, 16 to 19 since boot; each has its word."""
    trees.vcgencmd(tmp_path, throttled=f"throttled={bits}\n")
    assert Throttling(tmp_path).read() == ThrottleState(now, since_boot)


@pytest.mark.parametrize(
    "answer", ["", "throttled=\n", "throttled=0xzz\n", "error=1 error_msg=x\n"]
)
def test_firmware_says_garbage(answer: str, tmp_path: Path) -> None:
    """What is no answer is neither yes nor no."""
    trees.vcgencmd(tmp_path, throttled=answer)
    state = Throttling(tmp_path).read()
    assert (state.now, state.since_boot) == (None, None)
    assert state.reason


def test_firmware_does_not_answer(tmp_path: Path) -> None:
    """A program that hangs is neither yes nor no, and is not waited for."""
    trees.script(tmp_path / "usr/bin/vcgencmd", "sleep 60")
    state = Throttling(tmp_path, Vcgencmd(tmp_path, timeout_s=0.1)).read()
    assert state.now is None
    assert "has not answered" in state.reason


@pytest.mark.parametrize(("alarm", "now"), [("0", ()), ("1", ("under-voltage",))])
def test_pi_without_vcgencmd(alarm: str, now: tuple[str, ...], tmp_path: Path) -> None:
    """The kernel's alarm tells of under-voltage alone, and the state says why."""
    device = "platform/soc@107c000000:firmware/raspberrypi-hwmon"
    trees.hwmon(tmp_path, 2, device, {"name": "rpi_volt", "in0_lcrit_alarm": alarm})
    state = Throttling(tmp_path).read()
    assert (state.now, state.since_boot) == (now, None)
    assert "only under-voltage is seen: no vcgencmd" in state.reason


def test_pi_whose_service_may_not_ask(tmp_path: Path) -> None:
    """Where vcgencmd is there and the device is closed to it, the kernel's alarm is left."""
    trees.pi_5(tmp_path)
    answer = "Can't open device file: /dev/vcio\nTry creating a device file with: …\n"
    (tmp_path / "answers/get_throttled").write_text(answer)
    state = Throttling(tmp_path).read()
    assert (state.now, state.since_boot) == ((), None)
    assert "join the group video" in state.reason


def test_counters_of_x86(tmp_path: Path) -> None:
    """A counter that rises between two readings is throttling now; one that stands is of before."""
    folders = [tmp_path / f"sys/devices/system/cpu/cpu{n}/thermal_throttle" for n in (0, 1)]
    for folder in folders:
        trees.write(folder, {"core_throttle_count": "0", "package_throttle_count": "0"})
        trees.write(folder, {"core_throttle_max_time_ms": "900"})
    throttling = Throttling(tmp_path)
    assert throttling.read() == ThrottleState((), ())
    (folders[1] / "core_throttle_count").write_text("3\n")
    assert throttling.read() == ThrottleState(("throttled",), ("throttled",))
    assert throttling.read() == ThrottleState((), ("throttled",))


def test_jetson_orin(tmp_path: Path) -> None:
    """Over-current events are counted, and a cooling device that works caps the frequency."""
    counters = {"name": "soctherm_oc", "oc1_event_cnt": "0", "oc2_event_cnt": "0"}
    events = trees.hwmon(tmp_path, 5, "platform/soctherm-oc-event", counters)
    (events / "oc3_event_cnt").write_text("27\n")
    devices = {"pwm-fan": "3", "cpufreq-cpu0": "2", "gpu-throttle-alert": "0"}
    for n, (name, step) in enumerate(devices.items()):
        files = {"type": name, "cur_state": step, "max_state": "10"}
        trees.write(tmp_path / f"sys/class/thermal/cooling_device{n}", files)
    state = Throttling(tmp_path).read()
    assert state.now == ("frequency capped",)
    assert state.since_boot == ("over-current",)


def test_counter_vanishes(tmp_path: Path) -> None:
    """A counter that is gone is no quiet processor."""
    folder = tmp_path / "sys/devices/system/cpu/cpu0/thermal_throttle"
    trees.write(folder, {"core_throttle_count": "0"})
    throttling = Throttling(tmp_path)
    throttling.read()
    (folder / "core_throttle_count").unlink()
    assert throttling.read().now is None
    assert throttling.read().reason


def test_nothing_tells(tmp_path: Path) -> None:
    """A machine that does not tell of throttling gives the reason, and no quiet."""
    throttling = Throttling(tmp_path)
    assert throttling.read() == ThrottleState(None, None, throttling.absence())
    assert throttling.absence()
