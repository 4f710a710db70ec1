"""What the installer and the maker of wheelhouses refuse before they do anything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.command_line import ROOT

INSTALL = ROOT / "deploy" / "install.sh"
MAKE_WHEELHOUSE = ROOT / "scripts" / "make-wheelhouse"
REQUIREMENTS_FOR = ROOT / "scripts" / "wheelhouse" / "requirements_for.py"


def run(*command: str | Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a script, with the programs of a folder before those of the machine."""
    folders = f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
    return subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "PATH": folders},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def machine_that_says(folder: Path, answers: Mapping[str, str]) -> Path:
    """Return a folder of programs that print these answers."""
    for name, answer in answers.items():
        (folder / name).write_text(f"#!/bin/sh\necho {answer}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    ("machine", "bits", "said"),
    [
        ("armv7l", "32", "this is a 32-bit system (armv7l), and onnxruntime has no build"),
        ("aarch64", "32", "this is a 32-bit system (aarch64), and onnxruntime has no build"),
        ("i686", "32", "this is a 32-bit system (i686)"),
        ("riscv64", "64", "onnxruntime has no build for this machine (riscv64)"),
    ],
)
def test_a_machine_without_onnxruntime_is_refused(
    tmp_path: Path, machine: str, bits: str, said: str
) -> None:
    """The reason is told, also where only the programs have 32 bits and not the kernel."""
    path = machine_that_says(tmp_path, {"uname": machine, "getconf": bits})
    done = run(INSTALL, path=path)
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        (INSTALL, "--remove"),
        (INSTALL, "--offline"),
        (MAKE_WHEELHOUSE, "--platform", "armv7l"),
        (MAKE_WHEELHOUSE, "--python", "3.9"),
        (MAKE_WHEELHOUSE, "--output"),
        (MAKE_WHEELHOUSE, "somewhere"),
    ],
)
def test_wrong_usage_is_told(command: tuple[str | Path, ...]) -> None:
    """It ends with 2, says what is wrong, and how it is meant."""
    done = run(*command)
    assert done.returncode == 2
    assert "edge-daemon: " in done.stderr
    assert command[0].name in done.stderr  # type: ignore[union-attr]


@pytest.mark.parametrize("script", [INSTALL, ROOT / "scripts" / "install", MAKE_WHEELHOUSE])
def test_help_is_what_stands_at_the_top(script: Path) -> None:
    """All options are told, and nothing else happens."""
    done = run(script, "--help")
    assert done.returncode == 0
    assert "--offline" in done.stdout or "--platform" in done.stdout
    assert "set -e" not in done.stdout


def test_a_folder_of_something_else_is_not_written_over(tmp_path: Path) -> None:
    """Only a wheelhouse, or nothing, may be in the way of a wheelhouse."""
    (tmp_path / "photo").touch()
    done = run(MAKE_WHEELHOUSE, "-o", tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path} is there and no wheelhouse" in done.stderr
    assert (tmp_path / "photo").exists()


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_each_package_comes_once(version: str, machine: str) -> None:
    """Of the versions that the lock has for one package, each Python gets its own and no other."""
    listed = (ROOT / "deploy" / "requirements.txt").read_text()
    command = [sys.executable, str(REQUIREMENTS_FOR), version, machine]
    done = subprocess.run(command, input=listed, capture_output=True, text=True, check=True)
    packages = [line.split("==")[0] for line in done.stdout.splitlines()]
    assert len(packages) == len(set(packages))
    assert {"numpy", "onnxruntime", "msgspec", "sounddevice"} <= set(packages)
    assert all("--hash=sha256:" in line and ";" not in line for line in done.stdout.splitlines())
