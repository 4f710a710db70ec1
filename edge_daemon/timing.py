"""How long calls take: several in turns, so that what slows one slows the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Call: TypeAlias = Callable[[int], object]
"""Runs one inference, on the input of this number."""

Times: TypeAlias = npt.NDArray[np.float64]
"""What each call took, in milliseconds [shape=(n,)]."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How much is timed.

    In every round each model has one block of calls, in an order drawn by lot, on the same inputs.
    The first call of a block is not timed: the other model has just emptied the caches.
    """

    n_rounds: int = 50
    n_calls: int = 10
    """Timed calls of a block."""
    n_warm_up: int = 10
    """Calls of each model before the first round."""
    most_s: float = 30.0
    """No round begins later than this, so that slow models don't take all day."""
    least_rounds: int = 10
    """So many are timed however long they take."""


USUAL = Timing()


def in_turns(
    calls: Sequence[Call],
    n_inputs: int,
    timing: Timing,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Times]:
    """Time calls to several models, interleaved in one run.

    Returns
    -------
    list of Times
        One for each model, in the order of ``calls``.
    """
    taken = list(rounds(calls, n_inputs, timing, seed, clock))
    return [np.array([each[i] for each in taken]).ravel() for i in range(len(calls))]


def rounds(
    calls: Sequence[Call],
    n_inputs: int,
    timing: Timing,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[list[list[float]]]:
    """Yield what the calls of one round took, in milliseconds, by model, after each round."""
    rng = np.random.default_rng(seed)
    for call in calls:
        for i in range(timing.n_warm_up):
            call(i % n_inputs)
    started_s = clock()
    for n in range(timing.n_rounds):
        if n >= timing.least_rounds and clock() - started_s > timing.most_s:
            return
        inputs = rng.integers(n_inputs, size=1 + timing.n_calls).tolist()
        taken_ms: list[list[float]] = [[] for _ in calls]
        for model in rng.permutation(len(calls)).tolist():
            taken_ms[model] = _block(calls[model], inputs, clock)
        yield taken_ms


def _block(call: Call, inputs: Sequence[int], clock: Callable[[], float]) -> list[float]:
    call(inputs[0])
    taken_ms = []
    for number in inputs[1:]:
        begin_s = clock()
        call(number)
        taken_ms.append(1000.0 * (clock() - begin_s))
    return taken_ms


def curve(times_ms: Times) -> list[float]:
    """Return the percentiles 0 to 100, to the nanosecond."""
    found: list[float] = np.percentile(times_ms, np.arange(101)).round(6).tolist()
    return found


def per_second(times_ms: Times) -> float:
    """Return how many such calls fit into a second, one after the other."""
    return 1000.0 * len(times_ms) / float(times_ms.sum())
