"""Which board this is, as far as the system tells: model, JetPack, processor, memory."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_daemon.processor import processor_name, told

Kind = Literal["raspberry-pi", "jetson", "other"]

_FEATURES = (
    "asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve", "sve2",
    "avx2", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8",
)  # fmt: skip
"""Of a processor, those that the kernels of onnxruntime choose by."""
_CORES = {
    "0xd03": "Cortex-A53", "0xd04": "Cortex-A35", "0xd05": "Cortex-A55", "0xd07": "Cortex-A57",
    "0xd08": "Cortex-A72", "0xd09": "Cortex-A73", "0xd0b": "Cortex-A76", "0xd0c": "Neoverse-N1",
    "0xd40": "Neoverse-V1", "0xd41": "Cortex-A78", "0xd42": "Cortex-A78AE",
    "0xd83": "Neoverse-V3AE",
}  # fmt: skip
"""Names of Arm's own cores by "CPU part"; /proc/cpuinfo has no names there."""
_JETPACKS = {"36.3.0": "6.0", "36.4.0": "6.1", "36.4.3": "6.2", "36.4.4": "6.2.1"}
_JETPACK_OF_MAJOR = {"32": "4", "35": "5", "36": "6", "38": "7", "39": "7"}
_L4T = re.compile(r"R(\d+) \(release\), REVISION: ([\d.]+)")
_L4T_PACKAGE = re.compile(r"^Package: nvidia-l4t-core\n(?:.+\n)*?Version: (\d+\.[\d.]+)", re.M)


@dataclass(frozen=True, slots=True)
class Board:
    """A machine; what cannot be read is None, or empty, and never made up."""

    model: str
    """``Raspberry Pi 5 Model B Rev 1.0``; the processor's name where there is no device tree."""
    kind: Kind
    jetpack: str | None
    """``R36.4.3 (JetPack 6.2)``; None where there is none."""
    architecture: str
    cpu: str
    cpu_features: tuple[str, ...]
    n_cores: int
    memory_bytes: int | None
    system: str
    kernel: str


def read_board(root: Path = Path("/")) -> Board:
    """Return the board whose files are under ``root``."""
    cpuinfo = root / "proc/cpuinfo"
    model = _text(root / "proc/device-tree/model") or processor_name(cpuinfo)
    jetpack = _jetpack(root)
    return Board(
        model=model,
        kind=_kind(model, jetpack),
        jetpack=jetpack,
        architecture=_architecture(root),
        cpu=_cpu(cpuinfo),
        cpu_features=_cpu_features(cpuinfo),
        n_cores=sum(key == "processor" for key, _ in told(cpuinfo)) or os.cpu_count() or 1,
        memory_bytes=_memory_bytes(root),
        system=_system(root),
        kernel=_text(root / "proc/sys/kernel/osrelease") or platform.release(),
    )


def _architecture(root: Path) -> str:
    """Return that of the processes here, which under an emulator is not the kernel's."""
    own = platform.machine()
    return own if root == Path("/") else _text(root / "proc/sys/kernel/arch") or own


def _kind(model: str, jetpack: str | None) -> Kind:
    if model.startswith("Raspberry Pi"):
        return "raspberry-pi"
    return "jetson" if jetpack or "Jetson" in model else "other"


def _jetpack(root: Path) -> str | None:
    """Return the release of Jetson Linux, and the JetPack that came with it."""
    release = _L4T.search(_text(root / "etc/nv_tegra_release"))
    if release:
        version = ".".join(release.groups())
    elif (root / "etc/apt/sources.list.d/nvidia-l4t-apt-source.list").exists():
        package = _L4T_PACKAGE.search(_text(root / "var/lib/dpkg/status"))
        if package is None:
            return None
        version = package.group(1)
    else:
        return None
    jetpack = _JETPACKS.get(version) or _JETPACK_OF_MAJOR.get(version.partition(".")[0])
    return f"R{version} (JetPack {jetpack})" if jetpack else f"R{version}"


def _cpu(cpuinfo: Path) -> str:
    cores = sorted({_CORES.get(v, f"CPU part {v}") for k, v in told(cpuinfo) if k == "CPU part"})
    return ", ".join(cores) or processor_name(cpuinfo)


def _cpu_features(cpuinfo: Path) -> tuple[str, ...]:
    has: set[str] = set()
    for key, value in told(cpuinfo):
        if key in ("flags", "Features"):
            has.update(value.split())
    return tuple(feature for feature in _FEATURES if feature in has)


def _memory_bytes(root: Path) -> int | None:
    found = re.search(r"^MemTotal:\s+(\d+) kB", _text(root / "proc/meminfo"), re.M)
    return int(found.group(1)) * 1024 if found else None


def _system(root: Path) -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text(root / "etc/os-release"), re.M)
    return found.group(1) if found else platform.system()


def _text(path: Path) -> str:
    """Return a file's text, empty where it cannot be read; a device tree ends it with NUL."""
    try:
        return path.read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""
