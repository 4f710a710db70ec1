"""A folder with the arm64 userland of a Raspberry Pi and the locked wheels, run by qemu.

It is made once, in the better part of a minute, and kept in pytest's cache until the lock changes.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LOCKED = REPOSITORY / "deploy" / "requirements.txt"
sys.path.insert(0, str(REPOSITORY / "scripts"))  # where the package `instructions` lies

from instructions import arm64  # noqa: E402
from instructions.machine import QEMU, Machine  # noqa: E402
from instructions.missing import Missing  # noqa: E402

__all__ = ["LOCKED", "REPOSITORY", "Machine", "arm64", "arm64_root", "raspberry_pi"]


@pytest.fixture(scope="session")
def arm64_root(pytestconfig: pytest.Config) -> Path:
    """Return the folder; skips where it cannot be made."""
    cache = pytestconfig.cache
    if cache is None:
        pytest.skip("no arm64 root: pytest has no cache to keep it in")
    locked = hashlib.sha256(LOCKED.read_bytes()).hexdigest()[:12]
    root: Path = cache.mkdir("edge-daemon") / f"arm64-{locked}"
    if not root.exists():
        try:
            arm64.build(root, ["--require-hashes", "-r", str(LOCKED)])
        except Missing as missing:
            pytest.skip(f"no arm64 root: {missing}")
    return root


@pytest.fixture(scope="module")
def raspberry_pi(arm64_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Return a Raspberry Pi 4's processor with Debian's Python."""
    if shutil.which(QEMU) is None:
        pytest.skip(f"{QEMU} is not installed; apt install qemu-user")
    return Machine("cortex-a72", arm64_root, tmp_path_factory.mktemp("machine"))
