"""Which state of the code was measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edge_daemon.benchmark.commit import commit


def git(root: Path, *arguments: str) -> None:
    """Run git in a checkout, as somebody."""
    who = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


def test_a_checkout_has_its_commit(tmp_path: Path) -> None:
    """With a mark where a file differs; a file that git does not know makes no difference."""
    git(tmp_path, "init")
    assert commit(tmp_path) is None
    (tmp_path / "code").write_text("1")
    git(tmp_path, "add", "code")
    git(tmp_path, "commit", "-m", "first")
    clean = commit(tmp_path)
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "result.json").write_text("{}")
    assert commit(tmp_path) == clean
    (tmp_path / "code").write_text("2")
    assert commit(tmp_path) == f"{clean}-dirty"


def test_an_installed_package_has_none(tmp_path: Path) -> None:
    """Also where the folder that it is installed in lies in somebody's own checkout."""
    git(tmp_path, "init")
    (tmp_path / "venv").mkdir()
    assert commit(tmp_path / "venv") is None
