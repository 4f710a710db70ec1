"""Wheelhouses for tests of the installer: the real one, and others with a later version in it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

from tests.integration.command_line import ROOT

MAKE = ROOT / "scripts" / "make-wheelhouse"

CRASHES = {"edge_daemon/daemon.py": "raise RuntimeError('broken on purpose')\n"}
"""A daemon that ends when it is imported; the other commands work."""
HANGS = {
    "edge_daemon/__main__.py": """
import sys, time
from edge_daemon.cli import main as real_main

def main():
    if sys.argv[1] == "run":
        time.sleep(3600)
    return real_main()
"""
}
"""A daemon that never gets ready; the other commands work."""


def make(folder: Path) -> Path:
    """Make one for this machine's own Python, with Debian packages in it."""
    asked = ("/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    wheelhouse = folder / "wheelhouse"
    done = subprocess.run(
        [MAKE, "--python", version, "--debs", "-o", wheelhouse],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return wheelhouse


def with_other_version(
    wheelhouse: Path, name: str, version: str, files: Mapping[str, str], config: str = ""
) -> Path:
    """Return a wheelhouse beside it that has this version, these files and this default."""
    other = wheelhouse.with_name(name)
    shutil.copytree(wheelhouse, other, copy_function=os.link)
    (wheel,) = other.glob("edge_daemon-*.whl")
    before = wheel.name.split("-")[1]
    later = _rewrite(wheel, before, version, files)
    hashed = f"edge-daemon=={version} --hash=sha256:{_sha256(later)}\n"
    listed = other / "requirements.txt"
    _replace(listed, re.sub(r"^edge-daemon==.*\n", hashed, listed.read_text(), flags=re.MULTILINE))
    if config:
        _replace(other / "deploy" / "config.yaml", config)
    sums = (f"{_sha256(path)}  ./{path.name}" for path in (later, listed))
    _replace(other / "SHA256SUMS", "\n".join(sums) + "\n")
    return other


def _rewrite(wheel: Path, before: str, version: str, files: Mapping[str, str]) -> Path:
    later = wheel.with_name(wheel.name.replace(before, version))
    with ZipFile(wheel) as old, ZipFile(later, "w") as new:
        for name in old.namelist():
            data = files[name].encode() if name in files else old.read(name)
            if ".dist-info/" in name:
                data = data.replace(f"Version: {before}".encode(), f"Version: {version}".encode())
                data = data.replace(
                    f"-{before}.dist-info".encode(), f"-{version}.dist-info".encode()
                )
            new.writestr(name.replace(f"-{before}.dist-info", f"-{version}.dist-info"), data)
    wheel.unlink()
    return later


def _replace(path: Path, text: str) -> None:
    """Write it anew: the file is a link to that of another wheelhouse."""
    path.unlink()
    path.write_text(text)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
