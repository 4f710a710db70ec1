"""Programs run on an emulated processor that counts their instructions."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from instructions.machine import QEMU, Machine, must_have_ended_well, said_last
from instructions.missing import Missing, tool

SOURCE = Path(__file__).with_name("count.c")
_PLUGIN_API_VERSIONS = range(1, 9)
"""Of qemu, which takes the newest it knows and a few before; what we use is the same in all."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a program printed, and the counts at its marks and at its end."""

    output: str
    counts: list[int]


class Emulator:
    """A machine that counts the instructions of what it runs."""

    def __init__(self, processor: str, root: Path, folder: Path) -> None:
        self._machine = Machine(processor, root, folder)
        self.processor = processor
        self._out = folder / "counts.txt"
        self._plugin = self._build(folder / "count.so")

    def run(self, program: list[str]) -> Counted:
        """Run a Python program to its end, and count.

        Raises
        ------
        Missing
            When it fails, with what it said last.
        """
        done = self._start(self._plugin, program)
        must_have_ended_well(program, done)
        return Counted(done.stdout, [int(line) for line in self._out.read_text().split()])

    def _start(self, plugin: Path, program: list[str]) -> subprocess.CompletedProcess[str]:
        return self._machine.start(program, "-plugin", f"{plugin},out={self._out}")

    def _build(self, plugin: Path) -> Path:
        """Compile the plugin for the version of the interface that this qemu takes."""
        compiler = [tool("cc", "gcc"), "-O2", "-shared", "-fPIC", "-o", str(plugin), str(SOURCE)]
        said = ""
        for version in _PLUGIN_API_VERSIONS:
            subprocess.run([*compiler, f"-DAPI_VERSION={version}"], check=True)
            done = self._start(plugin, ["-c", "print('ready')"])
            if done.stdout == "ready\n":
                return plugin
            said = said_last(done)
        raise Missing(
            f"{QEMU} runs no Python with our plugin: {said}", "is it a build with plugins?"
        )
