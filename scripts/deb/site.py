"""The daemon and the locked wheels, in a folder that the distribution's Python runs from."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from deb.release import Release
from instructions.missing import Missing

HOME = Path("usr/lib/edge-daemon")

_LIBRARIES = ("_soundfile_data", "onnxruntime/capi/libonnxruntime.so.*")
"""libsndfile, for which the package depends on the distribution's, so that its decoders get security
updates; and onnxruntime for programs in C: Python has all of it a second time in its module."""
_TOOLS = ("sympy*", "isympy*", "mpmath*")
"""What tools of onnxruntime for Python 3.10 import, which need the package onnx too; they are large."""
_SETUPTOOLS = ("setuptools*", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
"""Named by colorzero, which does not use it; it would load a piece of itself at every start."""
_NOT_NEEDED = (
    "**/__pycache__",
    "**/tests",
    "**/_*_tests.*.so",
    "**/*.pyi",
    "**/*.h",
    "**/*.a",
    "**/*.pxd",
)
"""Of what the wheels have: what only tests, compilers and type checkers read."""

_LAUNCHER = """\
#!/usr/lib/edge-daemon/bin/python3
from edge_daemon.__main__ import main

main()
"""
_SETTINGS = """\
home = /usr/bin
include-system-site-packages = false
version = {0}
executable = /usr/bin/python{0}
"""


def make_site(root: Path, release: Release, wheels: Iterable[Path]) -> Path:
    """Unpack wheels into a virtual environment, as Python takes it, and return its site-packages.

    The environment is what makes `sys.executable` find them too, when the daemon starts a child.
    """
    home = root / HOME
    site = home / "lib" / f"python{release.python}" / "site-packages"
    site.mkdir(parents=True)
    for wheel in wheels:
        _unpack(wheel, site)
    _thin_out(site)
    _link_to_debians(site, "systemd")
    if not (site / "lgpio.py").exists():  # for Python 3.13 there is no wheel
        extension = f"cpython-{release.python.replace('.', '')}-{release.machine}-linux-gnu.so"
        _link_to_debians(site, "lgpio.py", f"_lgpio.{extension}")
    (home / "pyvenv.cfg").write_text(_SETTINGS.format(release.python))
    programs = home / "bin"
    programs.mkdir()
    (programs / "python3").symlink_to(f"../../../bin/python{release.python}")
    (programs / "edge-daemon").write_text(_LAUNCHER)
    (programs / "edge-daemon").chmod(0o755)
    return site


def _link_to_debians(site: Path, *names: str) -> None:
    """Lead Python to modules of the distribution's; of those that are not installed, to nothing."""
    for name in names:
        (site / name).symlink_to(f"../../../../python3/dist-packages/{name}")


def _unpack(wheel: Path, site: Path) -> None:
    """Unpack what is for site-packages; manual pages and the like are for nobody here."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".data/data/" not in name]
        elsewhere = [name for name in names if ".data/" in name]
        if elsewhere:
            raise Missing(
                f"{wheel.name} has files for elsewhere than site-packages: {elsewhere[0]}",
                f"see what {__file__} should do with them",
            )
        archive.extractall(site, names)


def _thin_out(site: Path) -> None:
    unwanted = (*_LIBRARIES, *_TOOLS, *_SETUPTOOLS, *_NOT_NEEDED)
    for path in [found for pattern in unwanted for found in site.glob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
