"""A clean Debian in a folder: what a machine has when nobody has installed anything yet.

It is made once, in the better part of a minute, and kept in pytest's cache. It is only ever the
lower layer of a booted machine, so no test changes it.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

MIRROR = "http://deb.debian.org/debian"
BOOTS = ("systemd-sysv", "udev", "dbus")
"""What it takes to boot and to be asked; all else is for the installer to bring."""


def made_root(cache: pytest.Cache | None, packages: Sequence[str] = ()) -> Path:
    """Return the folder of a Debian with these packages more; skips where it cannot be made."""
    if cache is None or shutil.which("debootstrap") is None:
        pytest.skip("no clean Debian: not installed: debootstrap; apt install debootstrap")
    wanted = ",".join([*BOOTS, *packages])
    name = f"debian-{suite()}-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"
    root: Path = cache.mkdir("edge-daemon") / name
    if not root.exists():
        _make(root, wanted)
    return root


def _make(root: Path, packages: str) -> None:
    """Make it beside its place, so that a run that is killed leaves no half of one."""
    unfinished = root.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    command = ("debootstrap", "--variant=minbase", f"--include={packages}", suite())
    done = subprocess.run(
        [*command, str(unfinished), _mirror()],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"no clean Debian: debootstrap said: {done.stdout[-500:]}{done.stderr[-500:]}")
    for package in (unfinished / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    unfinished.rename(root)


def suite() -> str:
    """Return the name of its release: this machine's, or Debian 12 where this is no Debian."""
    lines = Path("/etc/os-release").read_text().splitlines()
    release = dict(line.split("=", 1) for line in lines if "=" in line)
    if release.get("ID") == "debian":
        return release["VERSION_CODENAME"].strip('"')
    return "bookworm"


def _mirror() -> str:
    """Return where this machine has its Debian packages from."""
    if shutil.which("apt-get") is None:
        return MIRROR
    asked = ("apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)")
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        release, component, address = line.split(maxsplit=2)
        if release == suite() and component == "main":
            return address.rstrip("/")
    return MIRROR
