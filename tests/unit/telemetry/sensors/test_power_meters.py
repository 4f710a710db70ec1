"""What is particular to each power meter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.telemetry.sensors import Battery, HwmonPower, JetsonRails, PiPmic, Rapl, Vcgencmd
from tests.unit.telemetry.sensors import trees

RANGE_UJ = 262143328850


class Hand:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now_s


def test_input_rail_alone(tmp_path: Path) -> None:
    """The rails under the input are not added to it, nor the sum of shunts."""
    trees.orin_nano(tmp_path)
    meter = JetsonRails(tmp_path)
    assert meter.name == "INA3221 VDD_IN"
    assert meter.covers == "the whole module"
    assert meter.read().value == pytest.approx(5.024 * 1.152)


def test_rails_side_by_side(tmp_path: Path) -> None:
    """Without an input rail those that hang on none of each other are added, and named."""
    trees.agx_orin(tmp_path)
    meter = JetsonRails(tmp_path)
    assert "VDD_GPU_SOC + VDD_CPU_CV + VIN_SYS_5V0" in meter.covers
    assert "VDDQ" not in meter.covers


def test_rails_without_an_input(tmp_path: Path) -> None:
    """Rails that nobody knows to be the total are not passed off as it."""
    trees.ina3221(tmp_path, 1, {"VDD_GPU": (5000, 100), "VDD_SOC": (5000, 100)})
    meter = JetsonRails(tmp_path)
    assert meter.read().value is None
    assert "VDD_GPU, VDD_SOC" in meter.absence()


def test_thor_measures_its_input(tmp_path: Path) -> None:
    """On a Thor the INA238 is the whole board, and its INA3221 is no total."""
    trees.thor(tmp_path)
    assert JetsonRails(tmp_path).read().value is None
    assert HwmonPower(tmp_path).covers == "the whole board, at its input"


def test_two_power_monitors(tmp_path: Path) -> None:
    """Of two monitors the one labelled as input counts; without a label neither does."""
    trees.ina219(tmp_path, 2)
    folder = trees.hwmon(tmp_path, 3, "i2c-1/1-0040", {"name": "ina226", "power1_input": "5000000"})
    assert "which is the input is not said" in HwmonPower(tmp_path).absence()
    (folder / "label").write_text("VIN\n")
    meter = HwmonPower(tmp_path)
    assert meter.name == "INA226 VIN"
    assert meter.read().value == 5.0


def test_other_chips_are_no_supply(tmp_path: Path) -> None:
    """A graphics card's power1_input is not the machine's power."""
    card = {"name": "amdgpu", "power1_input": "9000000"}
    trees.hwmon(tmp_path, 0, "pci0000:00/0000:03:00.0", card)
    assert HwmonPower(tmp_path).read().value is None


def test_pmic_says_what_it_leaves_out(tmp_path: Path) -> None:
    """The PMIC's rails are not the board's input, and the meter says so."""
    trees.pi_5(tmp_path)
    assert "not the 5 V input" in PiPmic(tmp_path).covers


@pytest.mark.parametrize(
    ("pmic", "reason"),
    [
        (trees.PMIC.replace("0.75012000A", "nanA"), "VDD_CORE is not a number"),
        (trees.PMIC.replace("0.75012000A", "?A"), "VDD_CORE_A is '?'"),
        ("", "no rail with a current and a voltage"),
        ("     EXT5V_V volt(24)=5.06788000V\n", "no rail with a current and a voltage"),
        ('error=1 error_msg="Command not registered"\n', "Command not registered"),
        ("Can't open device file: /dev/vcio\nTry creating a device file with: …\n", "group video"),
        ("VCHI initialization failed\n", "60-edge-daemon.rules"),
    ],
)
def test_pmic_without_an_answer(pmic: str, reason: str, tmp_path: Path) -> None:
    """A rail that is not measured leaves no sum, and what the program complains of is the reason."""
    trees.pi_5(tmp_path)
    (tmp_path / "answers/pmic_read_adc").write_text(pmic)
    reading = PiPmic(tmp_path).read()
    assert reading.value is None
    assert reason in reading.reason


def test_older_pi_has_no_pmic(tmp_path: Path) -> None:
    """A Raspberry Pi 4 has vcgencmd and no such chip; it is not even asked."""
    trees.vcgencmd(tmp_path)
    trees.write(tmp_path, {"proc/device-tree/compatible": "raspberrypi,4-model-b\0brcm,bcm2711\0"})
    assert "only a Raspberry Pi 5" in PiPmic(tmp_path).absence()


@pytest.mark.parametrize(
    "text", ["sleep 60", "sleep 60 &", "sleep 60 & sleep 60", "trap '' TERM; sleep 60"]
)
def test_vcgencmd_hangs(text: str, tmp_path: Path) -> None:
    """A program that does not answer in time is killed, with all that it started."""
    trees.pi_5(tmp_path)
    trees.script(tmp_path / "usr/bin/vcgencmd", text)
    reading = PiPmic(tmp_path, Vcgencmd(tmp_path, timeout_s=0.1)).read()
    assert reading.value is None
    assert "has not answered within 0.1 s" in reading.reason


@pytest.mark.parametrize("text", ["exit 3", "kill -9 $$"])
def test_vcgencmd_fails(text: str, tmp_path: Path) -> None:
    """A program that ends without an answer gives a reason."""
    trees.pi_5(tmp_path)
    trees.script(tmp_path / "usr/bin/vcgencmd", text)
    reading = PiPmic(tmp_path).read()
    assert reading.value is None
    assert "exit status" in reading.reason


def test_vcgencmd_is_no_program(tmp_path: Path) -> None:
    """A file that cannot be run gives a reason."""
    trees.pi_5(tmp_path)
    (tmp_path / "usr/bin/vcgencmd").write_bytes(b"\x7fELF\0")
    reading = PiPmic(tmp_path).read()
    assert reading.value is None
    assert "cannot be run" in reading.reason


def test_mailbox_is_not_allowed(tmp_path: Path) -> None:
    """A mailbox that this user may not open is named, with the group and the udev rule."""
    trees.pi_5(tmp_path)
    trees.write(tmp_path, {"dev/vcio": ""})
    (tmp_path / "dev/vcio").chmod(0)
    trees.open_to_all(tmp_path)
    with trees.as_plain_user():
        why = PiPmic(tmp_path).absence()
    assert "dev/vcio may not be read" in why
    assert "deploy/60-edge-daemon.rules" in why
    assert "group video" in why


def test_rapl_sums_packages_only(tmp_path: Path) -> None:
    """Two sockets are added; cores, memory, psys and the second view (mmio) are not."""
    first, second = trees.x86_server(tmp_path)
    clock = Hand()
    meter = Rapl(tmp_path, clock)
    assert meter.read().reason == "first reading of an energy counter"
    clock.now_s = 2.0
    first.write_text("71000000\n")
    second.write_text("9671150\n")  # wrapped: 10 J
    for other in tmp_path.glob("sys/class/powercap/*/energy_uj"):
        if other.resolve() not in (first, second):
            other.write_text("999000000\n")
    assert meter.read().value == pytest.approx((60 + 10) / 2)


def test_rapl_of_two_dies(tmp_path: Path) -> None:
    """Dies of one package have names of their own, and both count."""
    energies = [trees.zone(tmp_path, f"{n}", f"package-0-die-{n}", 0) for n in (0, 1)]
    clock = Hand()
    meter = Rapl(tmp_path, clock)
    meter.read()
    clock.now_s = 1.0
    for path in energies:
        path.write_text("5000000\n")
    assert meter.read().value == 10


def test_rapl_only_root_may_read(tmp_path: Path) -> None:
    """A counter that only root may read is named, with the group and the udev rule."""
    trees.x86_server(tmp_path)[0].chmod(0o400 if trees.is_root() else 0)
    trees.open_to_all(tmp_path)
    with trees.as_plain_user():
        why = Rapl(tmp_path).absence()
    assert "energy_uj may not be read" in why
    assert "CVE-2020-8694" in why
    assert "deploy/60-edge-daemon.rules" in why
    assert "group edge-sensors" in why


def test_rapl_begins_anew(tmp_path: Path) -> None:
    """A counter that a suspend set back is no wrap-around of a quarter of a megajoule."""
    first, _ = trees.x86_server(tmp_path)
    clock = Hand()
    meter = Rapl(tmp_path, clock)
    meter.read()
    clock.now_s = 1.0
    first.write_text("5\n")
    assert "jumped" in meter.read().reason
    clock.now_s = 2.0
    first.write_text("3000005\n")
    assert meter.read().value == 3.0


def test_rapl_counter_stands_still(tmp_path: Path) -> None:
    """A counter that does not move, as some virtual machines show it, is no processor at 0 W."""
    trees.x86_server(tmp_path)
    clock = Hand()
    meter = Rapl(tmp_path, clock)
    meter.read()
    clock.now_s = 1.0
    assert meter.read().reason == "the energy counter stands still"


def test_rapl_after_a_long_time(tmp_path: Path) -> None:
    """Where the counter may have wrapped more than once there is no value, and then there is."""
    first, _ = trees.x86_server(tmp_path)
    clock = Hand()
    meter = Rapl(tmp_path, clock)
    meter.read()
    clock.now_s = 600.0
    assert "600 s ago" in meter.read().reason
    clock.now_s = 601.0
    first.write_text("18000000\n")
    assert meter.read().value == 7.0


def test_rapl_clock_stands_still(tmp_path: Path) -> None:
    """Two readings at one time give no power, and no division by zero."""
    trees.x86_server(tmp_path)
    meter = Rapl(tmp_path, lambda: 1.0)
    assert [meter.read().value, meter.read().value] == [None, None]


def _counter(start: int, steps: list[int]) -> Iterator[int]:
    return (total % RANGE_UJ for total in accumulate(steps, initial=start))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, RANGE_UJ - 1),
    st.lists(st.tuples(st.integers(1, 900), st.floats(0.1, 260.0)), min_size=1, max_size=12),
)
def test_rapl_over_wrap_arounds(
    tmp_path_factory: pytest.TempPathFactory, start: int, spans: list[tuple[int, float]]
) -> None:
    """However often the counter wraps, watts times seconds are the joules that were used."""
    root = tmp_path_factory.mktemp("rapl")
    energy = trees.zone(root, "0", "package-0", start)
    steps = [int(power_w * span_s * 1e6) for power_w, span_s in spans]
    values = _counter(start, steps)
    energy.write_text(f"{next(values)}\n")
    clock = Hand()
    meter = Rapl(root, clock)
    meter.read()
    joules = 0.0
    for (_, span_s), value in zip(spans, values, strict=True):
        before_s, clock.now_s = clock.now_s, clock.now_s + span_s
        energy.write_text(f"{value}\n")
        joules += (meter.read().value or 0.0) * (clock.now_s - before_s)
    assert joules == pytest.approx(sum(steps) * 1e-6, rel=1e-9)


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging", "Unknown"])
def test_battery_on_mains(status: str, tmp_path: Path) -> None:
    """What flows into a battery is not what the machine draws."""
    battery = trees.laptop(tmp_path)
    (battery / "status").write_text(f"{status}\n")
    meter = Battery(tmp_path)
    assert meter.absence() == ""
    assert meter.read().value is None
    assert status in meter.read().reason


def test_battery_by_current_and_voltage(tmp_path: Path) -> None:
    """Without power_now it is current times voltage; some drivers count a discharge as negative."""
    battery = trees.laptop(tmp_path)
    (battery / "power_now").unlink()
    (battery / "current_now").write_text("-550000\n")
    assert Battery(tmp_path).read().value == pytest.approx(0.55 * 11.4)


def test_two_batteries(tmp_path: Path) -> None:
    """Of two batteries those that are discharging count."""
    trees.laptop(tmp_path, 0)
    idle = trees.laptop(tmp_path, 1)
    assert Battery(tmp_path).read().value == pytest.approx(2 * 6.31)
    (idle / "status").write_text("Not charging\n")
    assert Battery(tmp_path).read().value == pytest.approx(6.31)


def test_battery_says_zero(tmp_path: Path) -> None:
    """A battery that discharges with 0 W is a driver without a meter."""
    battery = trees.laptop(tmp_path)
    (battery / "power_now").write_text("0\n")
    assert "0 W" in Battery(tmp_path).read().reason
