"""Which of the models that were tried is taken, and which came nearest when none is."""

from __future__ import annotations

from collections.abc import Iterable

from edge_daemon.quantize.gate import Gate, Stats
from edge_daemon.quantize.trial import Trial

_AS_FAST = 0.97
"""Share of the highest speed from which on another is as fast: less cannot be told apart."""


def best(trials: Iterable[Trial]) -> Trial | None:
    """Return the fastest that passed the gate; of those that are as fast, the smallest.

    Speeds are compared as ratios to the original, which was timed in the same run as each.
    """
    passed = [(t.stats, t) for t in trials if t.stats is not None and not t.failures]
    if not passed:
        return None
    fastest = max(stats.speedup for stats, _ in passed)
    as_fast = [pair for pair in passed if pair[0].speedup >= _AS_FAST * fastest]
    return min(as_fast, key=lambda pair: (pair[0].quantized_bytes, -pair[0].speedup))[1]


def nearest(trials: Iterable[Trial], gate: Gate) -> Trial | None:
    """Return what is least far outside of the gate; None when nothing could be measured."""
    measured = [(t.stats, t) for t in trials if t.stats is not None]
    if not measured:
        return None
    return min(measured, key=lambda pair: cost(pair[0], gate))[1]


def cost(stats: Stats, gate: Gate) -> float:
    """Return what a search makes small: how slow it is, and how far outside of the gate."""
    slowness = 1.0 / max(stats.speedup, 1e-9)
    allowed = 1.0 / gate.min_speedup if gate.min_speedup > 0 else float("inf")
    return (
        slowness
        + max(0.0, slowness / allowed - 1.0)
        + max(0.0, stats.accuracy_loss - gate.max_accuracy_loss)
        + max(0.0, gate.min_compression / stats.compression_ratio - 1.0)
    )


def lacks_accuracy_only(trials: Iterable[Trial], gate: Gate) -> bool:
    """Say whether none passed, and one would if a few layers of it were more exact."""
    measured = [t for t in trials if t.stats is not None]
    return not any(t.passed for t in measured) and any(
        t.stats.compression_ratio >= gate.min_compression and t.stats.speedup >= gate.min_speedup
        for t in measured
        if t.stats is not None
    )
