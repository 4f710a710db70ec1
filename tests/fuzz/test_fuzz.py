"""A short fuzzing of everything that comes from outside; `scripts/fuzz.py` is the long one."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import ROOT, cases, seeds
from tests.fuzz.targets import TARGETS

NATIVE = ("model", "audio")
"""What onnxruntime and libsndfile read: a process of its own may die of it."""
PURE = sorted(set(TARGETS) - set(NATIVE))
SEEDS = {target: seeds(target) for target in PURE}
N_INPUTS = 120


@pytest.mark.parametrize("target", PURE)
def test_what_is_nearly_right(target: str) -> None:
    """It is taken or refused, and nothing else."""

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from(SEEDS[target]), st.randoms(use_true_random=False))
    def tried(seed: bytes, random_: random.Random) -> None:
        TARGETS[target](mutated(seed, target, random_))

    tried()


@pytest.mark.parametrize("target", ["config", "metadata", "onnx", "control"])
def test_any_bytes(target: str) -> None:
    """Noise is refused."""

    @settings(max_examples=40, deadline=None, derandomize=True, database=None)
    @given(st.binary(max_size=300))
    def tried(data: bytes) -> None:
        TARGETS[target](data)

    tried()


@pytest.mark.parametrize("target", NATIVE)
def test_what_libraries_read(target: str, tmp_path: Path) -> None:
    """No library dies of a file that is nearly right."""
    argv = [sys.executable, "-m", "tests.fuzz.loop", target, str(tmp_path)]
    done = subprocess.run(
        [*argv, "--inputs", str(N_INPUTS)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = [path.read_text() for path in (tmp_path / "found").glob("*.txt")]
    assert (done.returncode, found) == (0, []), done.stderr


@pytest.mark.parametrize(
    ("target", "case"),
    [(target, case) for target in TARGETS for case in cases(target)],
    ids=lambda x: x.name if isinstance(x, Path) else x,
)
def test_what_once_went_wrong(target: str, case: Path, tmp_path: Path) -> None:
    """It does not any more."""
    if target not in NATIVE:
        TARGETS[target](case.read_bytes())
        return
    code = f"from tests.fuzz.targets import {target}\n{target}(open({str(case)!r}, 'rb').read())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.heavy
def test_the_long_fuzzing() -> None:
    """`scripts/fuzz.py` finds nothing in five seconds a target."""
    done = subprocess.run(
        [sys.executable, "scripts/fuzz.py", "--seconds", "5", "--seed", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert {line.split()[0] for line in lines} == set(TARGETS)
    assert all(line.endswith("0 finds") for line in lines)
