""".github/workflows/ci.yml: it runs our scripts, everywhere where the daemon is to run."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


def commands(job: dict[str, Any]) -> Iterator[str]:
    """Yield what a job runs."""
    yield from (step["run"] for step in job["steps"] if "run" in step)


def supported() -> set[str]:
    """Return every Python that the project is for."""
    wanted = SpecifierSet(PROJECT["requires-python"])
    return {f"3.{minor}" for minor in range(30) if wanted.contains(f"3.{minor}.0")}


def test_every_script_is_there_and_can_be_run() -> None:
    """A script that was renamed would be seen at the next push only."""
    called = {name for job in JOBS.values() for run in commands(job)
              for name in re.findall(r"scripts/[\w-]+", run)}  # fmt: skip
    assert called >= {"scripts/check", "scripts/run", "scripts/test", "scripts/audit"}
    assert [name for name in called if not os.access(ROOT / name, os.X_OK)] == []


def test_every_python_is_tested_on_both_architectures() -> None:
    """What requires-python allows is what the matrix has, and what the classifiers say."""
    test = JOBS["test"]
    matrix = test["strategy"]["matrix"]
    assert set(matrix["python"]) == supported()
    assert {runner.endswith("-arm") for runner in matrix["runner"]} == {False, True}
    assert test["runs-on"] == "${{ matrix.runner }}"
    assert test["env"]["EDGE_DAEMON_PYTHON"] == "python${{ matrix.python }}"
    said = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", c)
            for c in PROJECT["classifiers"])  # fmt: skip
    assert {found[1] for found in said if found} == supported()


def test_the_heavy_tests_run_too() -> None:
    """By a job of their own, on both architectures."""
    assert any("-m heavy" in run for run in commands(JOBS["heavy"]))
    assert len(JOBS["heavy"]["strategy"]["matrix"]["runner"]) == 2


@pytest.mark.parametrize("name", JOBS)
def test_a_job_has_an_end(name: str) -> None:
    """Whatever hangs costs an hour, and not GitHub's six."""
    assert JOBS[name]["timeout-minutes"] <= 60


def test_actions_of_others_are_pinned() -> None:
    """By the hash of a commit, as a tag can be moved, with the version for who reads."""
    uses = re.findall(r"uses: (.*)", TEXT)
    assert uses
    assert [u for u in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", u)] == []


def test_nobody_may_write_but_the_release() -> None:
    """The token reads the sources; the one job that publishes runs for tags alone."""
    assert yaml.safe_load(TEXT)["permissions"] == {"contents": "read"}
    writing = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert writing == {"release": {"contents": "write"}}
    assert JOBS["release"]["if"] == "startsWith(github.ref, 'refs/tags/v')"
    checkouts = [
        s for job in JOBS.values() for s in job["steps"] if "checkout" in s.get("uses", "")
    ]
    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_nothing_of_a_pull_request_is_put_into_a_command() -> None:
    """A title or a branch's name that is expanded in `run` is a command of a stranger's."""
    assert [run for job in JOBS.values() for run in commands(job) if "${{" in run] == []
