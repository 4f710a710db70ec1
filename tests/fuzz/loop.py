"""One target in a process of its own, which may die of it.

    python -m tests.fuzz.loop TARGET FOLDER --seconds 60 --seed 0 [--engine atheris]

Before each input is tried it is written to FOLDER/current; what raises goes to FOLDER/found.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

HANGS_AFTER_S = 20
MOST_BYTES = 3 << 30
"""Address space: what asks for more is told so by a MemoryError."""
MOST_FINDS = 50


class Trial:
    """Tries inputs and keeps those that go wrong, one for each place in the code."""

    def __init__(self, target: Any, folder: Path) -> None:
        self._target = target
        self._current = folder / "current"
        self._found = folder / "found"
        self._counted = folder / "n_inputs"
        self._places: set[str] = set()
        self.n_inputs = 0
        self._found.mkdir(exist_ok=True)

    def __call__(self, data: bytes) -> bool:
        """Try an input; tell whether it went well."""
        self._current.write_bytes(data)
        self.n_inputs += 1
        if self.n_inputs % 100 == 0:
            self.count()
        signal.alarm(HANGS_AFTER_S)  # not caught: it ends a process that hangs, wherever it does
        try:
            self._target(data)
        except Exception as error:
            self._keep(data, error)
            return False
        finally:
            signal.alarm(0)
        return True

    def count(self) -> None:
        """Note how many there were."""
        self._counted.write_text(str(self.n_inputs))

    def _keep(self, data: bytes, error: Exception) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} {last.filename}:{last.lineno}"
        if place in self._places or len(self._places) > MOST_FINDS:
            return
        self._places.add(place)
        name = hashlib.sha256(data).hexdigest()[:12]
        (self._found / name).write_bytes(data)
        (self._found / f"{name}.txt").write_text("".join(traceback.format_exception(error)))


def main() -> None:
    """Try inputs until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--inputs", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="mutations")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if args.engine == "atheris":
        _guided(args)
    else:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        _mutating(args)


def _mutating(args: argparse.Namespace) -> None:
    """Change what is right, and go on from some of what went well."""
    from tests.fuzz.mutations import mutated
    from tests.fuzz.seeds import seeds
    from tests.fuzz.targets import TARGETS

    trial = Trial(TARGETS[args.target], args.folder)
    random_ = random.Random(args.seed)
    pool = seeds(args.target)
    until = time.monotonic() + args.seconds
    while time.monotonic() < until and trial.n_inputs < args.inputs:
        data = mutated(random_.choice(pool), args.target, random_)
        if trial(data) and random_.random() < 0.02:
            pool.append(data)
            del pool[200:-100]
    trial.count()


def _guided(args: argparse.Namespace) -> None:
    """Let libFuzzer find inputs that reach other lines."""
    import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]

    with atheris.instrument_imports(include=["edge_daemon", "yaml"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.seeds import seeds

    corpus = args.folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for i, data in enumerate(seeds(args.target)):
        (corpus / f"seed{i}").write_bytes(data)
    trial = Trial(TARGETS[args.target], args.folder)
    limits = [f"-max_total_time={args.seconds:.0f}", f"-seed={args.seed}", "-rss_limit_mb=3000"]
    quiet = ["-verbosity=0", f"-artifact_prefix={args.folder}/", "-max_len=300000"]
    # libFuzzer goes by coverage, not by what is returned
    atheris.Setup([sys.argv[0], *limits, *quiet, str(corpus)], lambda data: trial(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
