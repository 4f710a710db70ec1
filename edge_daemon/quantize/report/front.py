"""Which of the methods tried are not beaten by another in both size and speed."""

from __future__ import annotations

from collections.abc import Iterable

from edge_daemon.quantize.gate import Gate, Stats, broken_rules
from edge_daemon.quantize.trial import Trial


def front(trials: Iterable[Trial], gate: Gate) -> list[Trial]:
    """Return the Pareto front of size and speed, the fastest first.

    Only methods that lose no more accuracy than the gate allows are on it: one that loses more
    could be as small and fast as it likes.
    """
    kept = [
        (trial.stats, trial)
        for trial in trials
        if trial.stats is not None and "accuracy" not in broken_rules(trial.stats, gate)
    ]
    found = [t for stats, t in kept if not any(_beats(other, stats) for other, _ in kept)]
    return sorted(found, key=lambda t: relative_time(t.stats) if t.stats else 0.0)


def _beats(one: Stats, other: Stats) -> bool:
    first = (relative_time(one), one.quantized_bytes)
    second = (relative_time(other), other.quantized_bytes)
    return first != second and all(a <= b for a, b in zip(first, second, strict=True))


def relative_time(stats: Stats) -> float:
    """Return what an inference takes, as a share of what it took the original in the same run."""
    return 1.0 / stats.speedup
