"""Builds the Debian package; `scripts/make-deb` starts it."""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

from deb.archive import make_archive
from deb.release import MACHINES, PYTHONS, REPOSITORY, Release, time_of_sources_s
from deb.rights import rights
from deb.site import make_site
from deb.tree import DOCUMENTS, make_tree
from instructions.missing import Missing


def main() -> None:
    """Build it and print where it is."""
    args = _arguments()
    release = Release(args.architecture, args.python, time_of_sources_s())
    try:
        with tempfile.TemporaryDirectory() as folder:
            print(_built(release, args, Path(folder)))
    except (Missing, OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"make-deb: {error}") from None


def _built(release: Release, args: argparse.Namespace, folder: Path) -> Path:
    wheels = _wheels(release, folder / "wheels")
    root = folder / "root"
    site = make_site(root, release, wheels)
    make_tree(root, release)
    (root / DOCUMENTS / "copyright").write_text(rights(site, release))
    package = args.output / release.file_name
    return make_archive(root, release, package, level=0 if args.quick else 6)


def _wheels(release: Release, folder: Path) -> list[Path]:
    """Fetch what is locked, and build our own."""
    command = [str(REPOSITORY / "scripts" / "make-wheelhouse"), "--platform", release.machine]
    command += ["--python", release.python, "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"no wheels: {done.stderr.strip()}", "they come from https://pypi.org")
    return sorted(folder.glob("*.whl"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make-deb", description=__doc__)
    architecture, python = _this_machine()
    parser.add_argument(
        "--architecture", choices=list(MACHINES), default=architecture,
        required=architecture not in MACHINES, help="default: this machine's",
    )  # fmt: skip
    parser.add_argument(
        "--python", choices=PYTHONS, default=python, required=python not in PYTHONS,
        help="of Ubuntu 22.04, Debian 12, Ubuntu 24.04, Debian 13 (default: this machine's)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true", help="pack less tightly, in a third of the time"
    )
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist", metavar="FOLDER")
    return parser.parse_args()


def _this_machine() -> tuple[str, str]:
    """Return its architecture, and the version of its distribution's Python, which may not be ours."""
    version = "import sys; print('%d.%d' % sys.version_info[:2])"
    return (
        _said("dpkg", "--print-architecture"),
        _said("/usr/bin/python3", "-I", "-S", "-c", version),
    )


def _said(*command: str) -> str:
    """Return what a program prints; nothing where it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


if __name__ == "__main__":
    main()
