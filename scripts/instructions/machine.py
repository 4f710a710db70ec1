"""An emulated processor, and the arm64 Python that runs on it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import ClassVar

from instructions.arm64 import python_of, wheels_of
from instructions.missing import Missing, tool

REPOSITORY = Path(__file__).parents[2]
QEMU = "qemu-aarch64"
_MOST_S = 3600

PROCESSORS = {"cortex-a53": "0xd03", "cortex-a72": "0xd08", "cortex-a76": "0xd0b"}
"""Part numbers, by which onnxruntime tells the processors apart."""
_CORE = """processor\t: {0}
Features\t: {1}
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: {2}
CPU revision\t: 3

"""
_FEATURES = "fp asimd evtstrm aes pmull sha1 sha2 crc32"
_NEWER_FEATURES = f"{_FEATURES} atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"


class Machine:
    """One emulated processor, and the Python that runs on it.

    Nothing about a run is left to chance: neither where it lies in memory nor what it takes from
    the environment, the clock's readings apart.

    Parameters
    ----------
    processor : str
        One of PROCESSORS.
    root : Path
        Has an arm64 Python; nothing is written there.
    folder : Path
        For what lies over the root, and for byte code.

    Raises
    ------
    Missing
    """

    _ENVIRONMENT: ClassVar[dict[str, str]] = {
        "LC_ALL": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "ORT_DISABLE_TELEMETRY": "1",
        "PATH": os.defpath,
        "PYTHONHASHSEED": "0",
    }

    def __init__(self, processor: str, root: Path, folder: Path) -> None:
        self.processor = processor
        self._qemu = [tool(QEMU, "qemu-user"), "-cpu", processor, "-seed", "1"]
        self._python = str(python_of(root))
        self._environment = {
            **self._ENVIRONMENT,
            "HOME": str(folder),
            "PYTHONPATH": f"{wheels_of(root)}:{REPOSITORY}:{REPOSITORY / 'scripts'}",
            "PYTHONPYCACHEPREFIX": str(folder / "byte-code"),
        }
        self._qemu += ["-L", str(_overlay(processor, root, folder))]
        self._fixed = _without_random_addresses()

    def start(self, program: list[str], *options: str) -> subprocess.CompletedProcess[str]:
        """Run a Python program to its end, however it ends; options are for qemu."""
        command = [*self._fixed, *self._qemu, *options, self._python, *program]
        return subprocess.run(
            command, env=self._environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", timeout=_MOST_S, check=False,
        )  # fmt: skip

    def run(self, program: list[str]) -> str:
        """Run a Python program to its end, and return what it printed.

        Raises
        ------
        Missing
            When it fails, with what it said last.
        """
        done = self.start(program)
        must_have_ended_well(program, done)
        return done.stdout


def must_have_ended_well(program: list[str], done: subprocess.CompletedProcess[str]) -> None:
    """Raise Missing for a program that failed, with what it said last."""
    if done.returncode:
        what = f"{' '.join(program)} failed when emulated: {said_last(done)}"
        raise Missing(what, "see what it needs")


def said_last(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line of what a program complained of."""
    return (done.stderr.strip().splitlines() or ["it said nothing"])[-1]


def version() -> str:
    """Return which qemu this is.

    Raises
    ------
    Missing
    """
    command = [tool(QEMU, "qemu-user"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\S+)", said)
    return found.group(1) if found else said.strip()


def _overlay(processor: str, root: Path, folder: Path) -> Path:
    """Return a folder that has all of the root, and tells of the emulated processor.

    Without it onnxruntime reads of the processor that emulates, and crashes.
    """
    overlay = folder / "root"
    (overlay / "proc").mkdir(parents=True)
    for each in root.absolute().iterdir():
        if each.name != "proc":
            (overlay / each.name).symlink_to(each)
    features = _NEWER_FEATURES if processor == "cortex-a76" else _FEATURES
    cores = [_CORE.format(n, features, PROCESSORS[processor]) for n in range(4)]
    (overlay / "proc" / "cpuinfo").write_text("".join(cores))
    return overlay


def _without_random_addresses() -> list[str]:
    """Return the command before the command; none where this machine does not permit it."""
    command = ["setarch", "--addr-no-randomize"]
    try:
        done = subprocess.run([*command, "true"], capture_output=True, check=False)
    except OSError:
        return []
    return [] if done.returncode else command
