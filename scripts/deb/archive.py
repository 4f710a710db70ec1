"""The folder made into a package."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path

from deb.release import Release
from deb.tree import CONFFILES, TEMPLATES
from instructions.missing import tool

_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


def make_archive(root: Path, release: Release, package: Path, level: int) -> Path:
    """Add what is for dpkg to a folder of files, pack it, and return the package.

    level : how tightly, 0 to 9
    """
    _make_plain(root)
    control = root / "DEBIAN"
    control.mkdir()
    files = sorted(p for p in root.rglob("*") if p.is_file() and not p.is_symlink())
    sums = [f"{hashlib.md5(p.read_bytes()).hexdigest()}  {p.relative_to(root)}\n" for p in files]  # noqa: S324
    (control / "md5sums").write_text("".join(sums))
    (control / "conffiles").write_text("".join(f"/{name}\n" for name in CONFFILES))
    _write_control(control, release, size_kib=sum(_size_kib(p) for p in files))
    for name in _SCRIPTS:
        script = control / name
        script.write_text(release.filled((TEMPLATES / name).read_text()))
        script.chmod(0o755)
    _set_times(root, release.time_s)
    return _pack(root, package, release, level)


def _make_plain(root: Path) -> None:
    """Give files the usual modes; whoever builds may have another umask."""
    root.chmod(0o755)
    for path in root.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or _is_program(path, root)
            path.chmod(0o755 if runs else 0o644)


def _is_program(path: Path, root: Path) -> bool:
    """Tell our launcher; wheels mark libraries and modules too, which nobody starts."""
    is_marked = bool(path.stat().st_mode & stat.S_IXUSR)
    return is_marked and "site-packages" not in path.relative_to(root).parts


def _write_control(control: Path, release: Release, size_kib: int) -> None:
    text = release.filled((TEMPLATES / "control").read_text())
    (control / "control").write_text(text.replace("@size_kib@", str(size_kib)))


def _size_kib(path: Path) -> int:
    return -(-path.stat().st_size // 1024)


def _set_times(root: Path, time_s: int) -> None:
    for path in (root, *root.rglob("*")):
        os.utime(path, (time_s, time_s), follow_symlinks=False)


def _pack(root: Path, package: Path, release: Release, level: int) -> Path:
    package.parent.mkdir(parents=True, exist_ok=True)
    command = [tool("dpkg-deb", "dpkg"), "--root-owner-group", "-Zxz", f"-z{level}"]
    subprocess.run(
        [*command, "--build", str(root), str(package)],
        env={**os.environ, "SOURCE_DATE_EPOCH": str(release.time_s)},
        stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return package
