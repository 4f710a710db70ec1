"""A folder with an arm64 Python and the wheels that run in it, out of Debian's packages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distributions, requires
from pathlib import Path

from instructions.missing import Missing, tool

PACKAGES = ("python3", "libstdc++6", "libc6")
_OLDEST_LIBC = 17
"""Minor version of the C library that the oldest wheels are for."""
_NOT_NEEDED = re.compile(r"rich|sounddevice")
"""Of our requirements: what no listening without a microphone imports."""

_APT = """
APT::Architecture "arm64";
APT::Architectures {{ "arm64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Dir::State "{0}/state";
Dir::State::status "{0}/status";
Dir::Cache "{0}/cache";
"""


def build(root: Path, wheels: list[str]) -> None:
    """Make the folder, or leave none; takes half a minute and 200 MB.

    wheels : requirements, as uv and pip take them

    Raises
    ------
    Missing
    """
    part = root.with_name(f"{root.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        _unpack_debian(part)
        add_wheels(part, wheels)
        part.rename(root)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def python_of(root: Path) -> Path:
    """Return the arm64 Python in a folder.

    Raises
    ------
    Missing
        When it has none.
    """
    found = sorted(p for p in root.glob("usr/bin/python3.*") if p.name[9:].isdigit())
    if not found:
        raise Missing(f"{root}: no arm64 Python in it (usr/bin/python3.*)", "name a new folder")
    return found[-1]


def wheels_of(root: Path) -> Path:
    """Return where the wheels of a folder are."""
    return root / "site"


def versions(root: Path) -> dict[str, str]:
    """Return what is installed for the Python of a folder, and its own version."""
    found = {d.name: d.version for d in distributions(path=[str(wheels_of(root))])}
    return {"python": python_of(root).name.removeprefix("python"), **dict(sorted(found.items()))}


def ours() -> list[str]:
    """Return what the daemon itself requires, in the newest versions that fit."""
    every = [each for each in requires("edge-daemon") or [] if "extra ==" not in each]
    return [each for each in every if not _NOT_NEEDED.match(each)]


def add_wheels(root: Path, wheels: list[str]) -> None:
    """Install wheels for the Python of a folder; nothing is compiled.

    Raises
    ------
    Missing
    """
    target, version = str(wheels_of(root)), python_of(root).name.removeprefix("python")
    usual = ["--target", target, "--only-binary", ":all:", "--python-version", version]
    libc = _libc_minor(root)
    if shutil.which("uv"):
        platform = f"aarch64-manylinux_2_{libc}"
        command = ["uv", "pip", "install", "--python-platform", platform, *usual]
    else:
        fitting = range(libc, _OLDEST_LIBC - 1, -1)
        platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in fitting]
        command = [sys.executable, "-m", "pip", "install", *platforms, *usual]
    _run([*command, "--quiet", *wheels], "uv or pip, and an index of Python packages to be reached")


def _libc_minor(root: Path) -> int:
    """Return which C library the folder has: the 36 of 2.36."""
    for path in root.glob("**/aarch64-linux-gnu/libc.so.6"):
        found = re.search(rb"GNU C Library .*? version 2\.(\d+)", path.read_bytes())
        if found:
            return int(found.group(1))
    raise Missing(f"{root}: no C library for arm64 in it", "name a new folder")


def _unpack_debian(root: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("state/lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()
        settings = folder / "apt.conf"
        settings.write_text(_APT.format(folder))
        apt = [tool("apt-get", "apt"), "-qq", "-c", str(settings)]
        needs = "Debian's package sources, with arm64 in them, to be reached"
        _run([*apt, "update"], needs)
        _run([*apt, "install", "--download-only", "--yes", *PACKAGES], needs)
        for package in sorted(folder.glob("cache/archives/*.deb")):
            _run([tool("dpkg-deb", "dpkg"), "--extract", str(package), str(root)], "disk space")


def _run(command: list[str], needs: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split()) or "it said nothing"
        raise Missing(
            f"{' '.join(command[:3])} … failed: {said}",
            f"it needs {needs}; or name a folder that is ready with --root",
        )
