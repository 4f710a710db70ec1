"""Which state of the code was measured."""

from __future__ import annotations

import subprocess
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_MOST_S = 10.0


def commit(root: Path = _ROOT) -> str | None:
    """Return the commit of the checkout, with ``-dirty`` where files differ; None without one.

    An installed package is in none, also where it lies in a folder of somebody's own checkout.
    """
    if not (root / ".git").exists():
        return None
    found = _git(root, "rev-parse", "HEAD")
    if found is None:
        return None
    return f"{found}-dirty" if _git(root, "status", "--porcelain", "-uno") else found


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MOST_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
