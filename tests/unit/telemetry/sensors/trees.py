"""Trees of sysfs and proc as real machines have them: names, links, newlines."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PMIC = """\
 3V7_WL_SW_A current(0)=0.00000000A
   3V3_SYS_A current(1)=0.06245952A
   1V8_SYS_A current(2)=0.16102850A
  DDR_VDD2_A current(3)=0.00780744A
  DDR_VDDQ_A current(4)=0.00000000A
   1V1_SYS_A current(5)=0.17566740A
    0V8_SW_A current(6)=0.32791250A
  VDD_CORE_A current(7)=0.75012000A
   3V3_DAC_A current(17)=0.00036630A
   3V3_ADC_A current(18)=0.00042735A
   0V8_AON_A current(16)=0.00579975A
      HDMI_A current(22)=0.01367520A
 3V7_WL_SW_V volt(8)=3.79999600V
   3V3_SYS_V volt(9)=3.30632200V
   1V8_SYS_V volt(10)=1.79828900V
  DDR_VDD2_V volt(11)=1.10292900V
  DDR_VDDQ_V volt(12)=0.60476130V
   1V1_SYS_V volt(13)=1.10439400V
    0V8_SW_V volt(14)=0.80256330V
  VDD_CORE_V volt(15)=0.75106150V
   3V3_DAC_V volt(20)=3.30494200V
   3V3_ADC_V volt(21)=3.30219400V
   0V8_AON_V volt(19)=0.79736190V
      HDMI_V volt(23)=5.07056000V
     EXT5V_V volt(24)=5.06788000V
      BATT_V volt(25)=nanV
"""
"""What a Raspberry Pi 5 says: 12 rails with both, the input and the clock's battery without."""
PMIC_W = 1.601848
"""The sum over the 12 rails, added up apart from the code."""


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write files as the kernel shows them, with a newline at their end."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


def link(root: Path, name: str, target: str) -> None:
    """Link as /sys/class and /sys/bus do."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(root / target)


def hwmon(root: Path, n: int, device: str, files: Mapping[str, str]) -> Path:
    """Add a hwmon device, with its link in /sys/class."""
    folder = f"sys/devices/{device}/hwmon/hwmon{n}"
    write(root, {f"{folder}/{name}": text for name, text in files.items()})
    link(root, f"sys/class/hwmon/hwmon{n}", folder)
    return root / folder


def ina3221(
    root: Path, n: int, rails: Mapping[str, tuple[int, int]], address: str = "1-0040"
) -> Path:
    """Add an INA3221 of JetPack 5 or 6, with rails by label: millivolts and milliamperes."""
    device = f"platform/bus@0/c240000.i2c/i2c-1/{address}"
    files = {"name": "ina3221", "in7_label": "sum of shunt voltages", "in7_input": "760"}
    for channel, (label, (mv, ma)) in enumerate(rails.items(), start=1):
        files |= {
            f"in{channel}_label": label.rstrip("0123456789") if label[:2] == "NC" else label,
            f"in{channel}_input": str(mv),
            f"curr{channel}_input": str(ma),
            f"in{channel + 3}_input": str(ma * 5 // 1000),
        }
    folder = hwmon(root, n, device, files)
    link(root, f"sys/bus/i2c/drivers/ina3221/{address}", f"sys/devices/{device}")
    return folder


def orin_nano(root: Path, n: int = 1) -> None:
    """Build a Jetson Orin Nano with JetPack 6."""
    rails = {"VDD_IN": (5024, 1152), "VDD_CPU_GPU_CV": (5016, 232), "VDD_SOC": (5016, 296)}
    ina3221(root, n, rails)
    _compatible(root, "nvidia,p3768-0000+p3767-0005", "nvidia,p3767-0005", "nvidia,tegra234")


def agx_orin(root: Path, n: int = 3) -> None:
    """Build a Jetson AGX Orin, which has no rail at its input, and channels not connected."""
    rails = {"VDD_GPU_SOC": (19768, 168), "VDD_CPU_CV": (19768, 40), "VIN_SYS_5V0": (4968, 784)}
    ina3221(root, n, rails)
    more = {"NC1": (0, 0), "VDDQ_VDD2_1V8AO": (4968, 80), "NC2": (0, 0)}
    ina3221(root, n + 1, more, "1-0041")


def thor(root: Path, n: int = 4) -> None:
    """Build a Jetson AGX Thor: an INA238 at the input of the carrier board, INA3221 on rails."""
    rails = {"VDD_GPU": (19968, 232), "VDD_CPU_SOC_MSS": (19968, 248), "VIN_SYS_5V0": (4992, 1264)}
    ina3221(root, n + 1, rails, "2-0040")
    files = {"name": "ina238", "in0_input": "4", "in1_input": "20018", "curr1_input": "1612"}
    hwmon(
        root, n, "platform/bus@0/810c600000.i2c/i2c-2/2-0044", files | {"power1_input": "32269016"}
    )
    _compatible(root, "nvidia,p4071-0000+p3834-0008", "nvidia,p3834-0008", "nvidia,tegra264")


def jetson_nano(root: Path, n: int = 0) -> None:
    """Build a Jetson Nano with JetPack 4: industrial I/O in place of hwmon."""
    device = "sys/devices/50000000.host1x/546c0000.i2c/i2c-6/6-0040"
    folder = f"{device}/iio:device{n}"
    rails = {"POM_5V_IN": (5072, 312), "POM_5V_GPU": (5072, 0), "POM_5V_CPU": (5064, 88)}
    for channel, (label, (mv, ma)) in enumerate(rails.items()):
        files = {
            f"rail_name_{channel}": label,
            f"in_voltage{channel}_input": str(mv),
            f"in_current{channel}_input": str(ma),
            f"in_power{channel}_input": str(mv * ma // 1000),
        }
        write(root / folder, files)
    link(root, "sys/bus/i2c/drivers/ina3221x/6-0040", device)


def ina219(root: Path, n: int = 2, name: str = "ina219", microwatts: str = "2740000") -> Path:
    """Build a power monitor on a board's I²C header, beside what else has a hwmon."""
    hwmon(root, n + 40, "virtual/thermal/thermal_zone0", {"name": "cpu_thermal"})
    graphics = {"name": "amdgpu", "power1_input": "9000000", "power1_average": "9000000"}
    hwmon(root, n + 41, "pci0000:00/0000:00:08.1/0000:03:00.0", graphics)
    files = {"name": name, "in0_input": "5", "in1_input": "5104", "curr1_input": "537"}
    device = "platform/soc/fe804000.i2c/i2c-1/1-0041"
    return hwmon(root, n, device, files | {"power1_input": microwatts})


def vcgencmd(root: Path, pmic: str = PMIC, throttled: str = "throttled=0x0\n") -> Path:
    """Put a program into the tree that prints what the real one prints."""
    program = root / "usr/bin/vcgencmd"
    answers = root / "answers"
    answers.mkdir(parents=True, exist_ok=True)
    program.parent.mkdir(parents=True, exist_ok=True)
    (answers / "pmic_read_adc").write_text(pmic)
    (answers / "get_throttled").write_text(throttled)
    script(program, f"exec cat '{answers}'/\"$1\"")
    return answers


def script(program: Path, text: str) -> None:
    """Write a program that the shell runs."""
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def pi_5(root: Path, n: int = 0) -> None:
    """Build a Raspberry Pi 5."""
    vcgencmd(root)
    _compatible(root, "raspberrypi,5-model-b", "brcm,bcm2712")
    zone = {"type": "cpu-thermal", "temp": "47400"}
    write(root / f"sys/class/thermal/thermal_zone{n}", zone)
    policy = {"scaling_cur_freq": "1500000", "cpuinfo_max_freq": "2400000"}
    write(root / "sys/devices/system/cpu/cpufreq/policy0", policy)
    alarm = {"name": "rpi_volt", "in0_lcrit_alarm": "0"}
    hwmon(root, n + 1, "platform/soc@107c000000:firmware/raspberrypi-hwmon", alarm)


def zone(root: Path, n: str, name: str, energy_uj: int, kind: str = "intel-rapl") -> Path:
    """Add a zone of RAPL, with its link in /sys/class."""
    top = n.partition(":")[0]
    folder = f"sys/devices/virtual/powercap/{kind}/{kind}:{top}"
    if n != top:
        folder += f"/{kind}:{n}"
    files = {"name": name, "energy_uj": str(energy_uj), "max_energy_range_uj": "262143328850"}
    write(root / folder, files | {"enabled": "1"})
    link(root, f"sys/class/powercap/{kind}:{n}", folder)
    return root / folder / "energy_uj"


def x86_server(root: Path, n: int = 0) -> tuple[Path, Path]:
    """Build two sockets with cores, memory, the platform, and the packages once more (mmio)."""
    link(root, "sys/class/powercap/intel-rapl", "sys/devices/virtual/powercap/intel-rapl")
    first = zone(root, f"{n}", "package-0", 11_000_000)
    zone(root, f"{n}:0", "core", 7_000_000)
    zone(root, f"{n}:1", "dram", 2_000_000)
    second = zone(root, f"{n + 1}", "package-1", 262_143_000_000)
    zone(root, f"{n + 2}", "psys", 90_000_000)
    zone(root, "0", "package-0", 11_000_000, kind="intel-rapl-mmio")
    return first, second


def laptop(root: Path, n: int = 0) -> Path:
    """Build a laptop that runs on its battery, with a charger and a mouse."""
    supplies = root / "sys/class/power_supply"
    write(supplies / "AC", {"type": "Mains", "online": "0"})
    mouse = {"type": "Battery", "scope": "Device", "status": "Discharging", "power_now": "1"}
    write(supplies / "hidpp_battery_0", mouse)
    battery = {"type": "Battery", "status": "Discharging", "power_now": "6310000"}
    write(supplies / f"BAT{n}", battery | {"voltage_now": "11400000", "capacity": "81"})
    return supplies / f"BAT{n}"


def _compatible(root: Path, *names: str) -> None:
    path = root / "proc/device-tree/compatible"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}\0" for name in names))


@contextmanager
def as_plain_user() -> Iterator[None]:
    """Drop root's rights, for files that only root may read; nothing to drop without them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def open_to_all(folder: Path) -> None:
    """Let other users look into a test's folder."""
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path.name.startswith(("pytest", "test_")):
            path.chmod(0o755)


def is_root() -> bool:
    """Tell whether the tests run as root, for whom every file is readable."""
    return os.geteuid() == 0
