"""The files of real boards, as far as they tell what the board is, under a root of a test's own."""

from __future__ import annotations

from pathlib import Path

_ARM_CORE = """\
processor\t: {i}
BogoMIPS\t: 108.00
Features\t: {features}
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: {variant}
CPU part\t: {part}
CPU revision\t: {revision}

"""
_X86_CORE = """\
processor\t: {i}
vendor_id\t: GenuineIntel
model name\t: Intel(R) N100
flags\t\t: fpu vme sse4_2 avx f16c rdrand avx2 bmi2 avx_vnni umip

"""
_PI_4 = "fp asimd evtstrm crc32 cpuid"
_PI_5 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
_ORIN = _PI_5 + " uscat ilrcpc flagm paca pacg"


def pi_4(root: Path) -> Path:
    """Write a Raspberry Pi 4 with Raspberry Pi OS bookworm."""
    cores = [_arm(i, _PI_4, "0xd08", "0x0", 3) for i in range(4)]
    tail = "Revision\t: c03115\nSerial\t\t: 100000004b1ce9f6\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n"
    return _written(
        root, "Raspberry Pi 4 Model B Rev 1.5", "".join(cores) + tail, 3884308,
        "Debian GNU/Linux 12 (bookworm)", "6.6.31+rpt-rpi-v8",
    )  # fmt: skip


def pi_5(root: Path) -> Path:
    """Write a Raspberry Pi 5 with Raspberry Pi OS bookworm."""
    cores = [_arm(i, _PI_5, "0xd0b", "0x4", 1) for i in range(4)]
    return _written(
        root, "Raspberry Pi 5 Model B Rev 1.0", "".join(cores), 8255536,
        "Debian GNU/Linux 12 (bookworm)", "6.6.51+rpt-rpi-2712",
    )  # fmt: skip


def jetson_orin(root: Path) -> Path:
    """Write a Jetson Orin Nano with JetPack 6.2."""
    cores = [_arm(i, _ORIN, "0xd42", "0x0", 1) for i in range(6)]
    _written(
        root, "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
        "".join(cores), 7800812, "Ubuntu 22.04.5 LTS", "5.15.148-tegra",
    )  # fmt: skip
    (root / "etc/nv_tegra_release").write_text(
        "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, "
        "DATE: Wed Jan  8 01:49:37 UTC 2025\n# KERNEL_VARIANT: oot\n"
        "TARGET_USERSPACE_LIB_DIR=nvidia\n"
    )
    return root


def x86(root: Path) -> Path:
    """Write a small PC, which has no device tree."""
    cores = "".join(_X86_CORE.format(i=i) for i in range(4))
    return _written(
        root, None, cores, 16146612, "Debian GNU/Linux 13 (trixie)", "6.12.9-amd64", "x86_64"
    )


def _arm(i: int, features: str, part: str, variant: str, revision: int) -> str:
    return _ARM_CORE.format(i=i, features=features, part=part, variant=variant, revision=revision)


def _written(
    root: Path, model: str | None, cpuinfo: str, memory_kb: int, system: str, kernel: str,
    architecture: str = "aarch64",
) -> Path:  # fmt: skip
    files = {
        "proc/cpuinfo": cpuinfo,
        "proc/meminfo": f"MemTotal:       {memory_kb} kB\nMemFree:         2012345 kB\n",
        "proc/sys/kernel/arch": f"{architecture}\n",
        "proc/sys/kernel/osrelease": f"{kernel}\n",
        "etc/os-release": f'PRETTY_NAME="{system}"\nNAME="x"\nID=debian\n',
    }
    if model is not None:
        files["proc/device-tree/model"] = f"{model}\0"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root
