"""scripts/audit.py: what is asked, and that a database which cannot be asked is no clean bill."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "audit.py"
STAND_IN = """
import json, sys
text = open(sys.argv[-1]).read()
names = [line.partition("==") for line in text.splitlines()]
holes = [{"id": "PYSEC-1", "fix_versions": ["9"]}]
print(json.dumps({"dependencies": [
    {"name": name, "skip_reason": "not found"} if name == "unknown" else
    {"name": name, "version": version, "vulns": holes if name == "bad" else []}
    for name, _, version in names]}))
"""
HASHES = " \\\n    --hash=sha256:0\n"


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    """Return the environment with a pip-audit that needs no network."""
    (tmp_path / "pip_audit.py").write_text(STAND_IN)
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize(
    ("pins", "code", "said"),
    [
        (["good==1"], 0, "1 of 1 packages looked up, 0 known holes\n"),
        (["a==1 ; python_full_version < '3.11'", "a==2"], 0, "2 of 2 packages looked up"),
        (["good==1", "bad==2"], 1, "bad 2: PYSEC-1; mended in: 9\n"),
        (["bad==2", "unknown==3"], 1, "1 of 2 packages looked up, 1 known holes\n"),
        (["good==1", "unknown==3"], 75, "it cannot be reached: unknown\n"),
    ],
)
def test_the_exit_code_says_what_is_known(
    pins: list[str], code: int, said: str, tmp_path: Path, stand_in: dict[str, str]
) -> None:
    """A hole is 1, a package that nobody could look up is 75, and only all of them known is 0."""
    path = tmp_path / "list.txt"
    path.write_text("# made\n" + "".join(pin + HASHES for pin in pins))
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(path)],
        env=stand_in, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout


def test_without_an_answer_it_is_skipped(tmp_path: Path, stand_in: dict[str, str]) -> None:
    """A pip-audit that fails, or is not there, is told with what it said."""
    (tmp_path / "pip_audit.py").write_text("raise OSError('no route to host')")
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env=stand_in, capture_output=True, text=True, check=False
    )
    assert done.returncode == 75
    assert done.stdout.startswith("SKIPPED: none of ")
    assert "no route to host" in done.stdout
