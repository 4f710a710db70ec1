"""Feeds everything that comes from outside with what is wrong, and keeps what goes wrong of it.

    python scripts/fuzz.py                                  a minute each
    python scripts/fuzz.py --seconds 600 --target config --target model
    python scripts/fuzz.py --engine atheris                 guided by coverage, where atheris is

Each target runs in a process of its own: one that dies, by a signal or of a hang, is a find like
an exception. Finds go to tests/fuzz/cases/TARGET, where the tests try them from then on. Exit
code 1 when there is one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
CASES = ROOT / "tests" / "fuzz" / "cases"
TARGETS = ("config", "metadata", "self_test", "onnx", "model", "audio", "pcm", "control")
LATE_S = 60.0
"""After its time: to import, and to end."""


@dataclass
class Outcome:
    """What came of one target."""

    n_inputs: int = 0
    finds: list[str] = field(default_factory=list)


def fuzz(target: str, seconds: float, seed: int, engine: str) -> Outcome:
    """Run one target until its time is over, anew after each death."""
    outcome = Outcome()
    until = time.monotonic() + seconds
    while (left_s := until - time.monotonic()) > 0:
        with tempfile.TemporaryDirectory(prefix=f"fuzz-{target}-") as folder:
            died = _run(target, min(left_s, seconds), seed, engine, Path(folder))
            _take(outcome, target, died, Path(folder))
        seed += 1
    return outcome


def _run(target: str, seconds: float, seed: int, engine: str, folder: Path) -> str | None:
    """Run the loop once; return how it died, None where it did not."""
    argv = [sys.executable, "-m", "tests.fuzz.loop", target, str(folder)]
    argv += ["--seconds", f"{seconds:.1f}", "--seed", str(seed), "--engine", engine]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    log = folder / "log"
    with log.open("wb") as output:
        try:
            code = subprocess.run(
                argv, stdout=output, stderr=output, cwd=ROOT,
                env=environment, timeout=seconds + LATE_S, check=False,
            ).returncode  # fmt: skip
        except subprocess.TimeoutExpired:
            return "hangs"
    if code == 0:
        return None
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    return f"{how}\n{log.read_text(errors='replace')[-2000:]}"


def _take(outcome: Outcome, target: str, died: str | None, folder: Path) -> None:
    """Take the count and the finds over from a loop's folder."""
    counted = folder / "n_inputs"
    outcome.n_inputs += int(counted.read_text()) if counted.exists() else 0
    found = folder / "found"
    for path in sorted(found.glob("*.txt")) if found.is_dir() else ():
        _keep(outcome, target, path.with_suffix(""), path.read_text())
    if died and not (folder / "current").exists():
        raise SystemExit(f"{target}: the loop did not begin: {died}")
    if died:
        _keep(outcome, target, folder / "current", f"the process died: {died}")


def _keep(outcome: Outcome, target: str, case: Path, why: str) -> None:
    kept = CASES / target / hashlib.sha256(case.read_bytes()).hexdigest()[:12]
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(case, kept)
    outcome.finds.append(f"{kept.relative_to(ROOT)}: {why}")
    print(f"find: {outcome.finds[-1]}", flush=True)


def main() -> None:
    """Fuzz and print a line for each target."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60, help="for each target (60)")
    parser.add_argument("--target", action="append", choices=TARGETS, help="all, unless given")
    parser.add_argument("--seed", type=int, default=0, help="the same one, the same inputs (0)")
    parser.add_argument("--engine", choices=("mutations", "atheris"), default="mutations")
    args = parser.parse_args()
    n_finds = 0
    for target in args.target or TARGETS:
        outcome = fuzz(target, args.seconds, args.seed, args.engine)
        n_finds += len(outcome.finds)
        print(
            f"{target:10} {args.seconds:6.0f} s  {outcome.n_inputs:9} inputs  "
            f"{len(outcome.finds)} finds",
            flush=True,
        )
    sys.exit(1 if n_finds else 0)


if __name__ == "__main__":
    main()
