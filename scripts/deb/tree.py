"""The files of the package beside the Python packages: where Debian wants them."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

from deb.release import REPOSITORY, Release

TEMPLATES = REPOSITORY / "packaging" / "debian"
DOCUMENTS = Path("usr/share/doc/edge-daemon")
CONFFILES = ("etc/edge-daemon/config.yaml", "etc/edge-daemon/asound.conf")
"""What an upgrade leaves as its owner has made it."""

_DEPLOY = {
    "edge-daemon.sysusers.conf": "usr/lib/sysusers.d/edge-daemon.conf",
    "60-edge-daemon.rules": "usr/lib/udev/rules.d/60-edge-daemon.rules",
    "config.yaml": CONFFILES[0],
    "asound.conf": CONFFILES[1],
    "edge-daemon.service": "usr/lib/systemd/system/edge-daemon.service",
    "edge-daemon-wyoming.service": "usr/lib/systemd/system/edge-daemon-wyoming.service",
}
_COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/edge-daemon",
    "zsh": "usr/share/zsh/vendor-completions/_edge-daemon",
    "fish": "usr/share/fish/vendor_completions.d/edge-daemon.fish",
}
_PROGRAM = "/opt/edge-daemon/bin/edge-daemon"
"""Where install.sh, for which the files of deploy/ are written, has the daemon."""


def make_tree(root: Path, release: Release) -> None:
    """Write everything but the Python packages."""
    deploy = REPOSITORY / "deploy"
    for name, where in _DEPLOY.items():
        _put(root / where, (deploy / name).read_text().replace(_PROGRAM, "/usr/bin/edge-daemon"))
    programs = root / "usr" / "bin"
    programs.mkdir(parents=True)
    (programs / "edge-daemon").symlink_to("../lib/edge-daemon/bin/edge-daemon")
    for shell, where in _COMPLETIONS.items():
        made = REPOSITORY / "edge_daemon" / "completions" / f"edge-daemon.{shell}"
        _put(root / where, made.read_text())
    _examples(root / DOCUMENTS / "examples", deploy)
    _put(
        root / "usr/share/lintian/overrides/edge-daemon",
        release.filled((TEMPLATES / "lintian-overrides").read_text()),
    )
    _compressed(root, _documents(release))


def _documents(release: Release) -> Mapping[str, str]:
    return {
        f"{DOCUMENTS}/changelog.gz": (REPOSITORY / "CHANGELOG.md").read_text(),
        f"{DOCUMENTS}/changelog.Debian.gz": release.filled((TEMPLATES / "changelog").read_text()),
        "usr/share/man/man1/edge-daemon.1.gz": (
            REPOSITORY / "deploy/man/edge-daemon.1"
        ).read_text(),
    }


def _examples(folder: Path, deploy: Path) -> None:
    """Every setting with its default, settings for boards, drop-ins, and what watches a fleet."""
    files = [
        *(REPOSITORY / "config").glob("**/*.yaml"),
        *deploy.glob("drop-ins/*.conf"),
        *deploy.glob("prometheus/*.yml"),
        *deploy.glob("grafana/*.json"),
    ]
    for path in files:
        _put(folder / path.name, path.read_text())


def _compressed(root: Path, documents: Mapping[str, str]) -> None:
    for where, text in documents.items():
        path = root / where
        path.parent.mkdir(parents=True, exist_ok=True)
        # mtime: the time of compression would be in the file
        path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
