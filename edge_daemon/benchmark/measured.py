"""A figure with how far it can be trusted, and what two of them say of each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from edge_daemon.timing import Times

_N_RESAMPLED = 300
_MOST_GROUPS = 50
_SEED = 1


class Measured(Struct, frozen=True, kw_only=True):
    """One figure; what it is, and its unit, is in the name of the field that holds it."""

    value: float
    low: float | None = None
    """Lower end of the interval; None where one measurement is all there is."""
    high: float | None = None
    interval: Literal["95 %", "lowest and highest", "two sigma", "exact", "none"] = "none"
    n: int = 1
    """Measurements that it comes of."""


class Ratio(Struct, frozen=True, kw_only=True):
    """One figure by another of the same kind."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def is_noise(self) -> bool | None:
        """The two may be the same; None where nothing is known about how far they spread."""
        if self.low is None or self.high is None:
            return None
        return self.low <= 1.0 <= self.high


def exact(value: float) -> Measured:
    """Return a figure that no second measurement would change, such as the size of a file."""
    return Measured(value=value, low=value, high=value, interval="exact")


def of_rounds(values: Sequence[float]) -> Measured | None:
    """Return the median of what the rounds gave, with the lowest and the highest."""
    if not values:
        return None
    middle = float(np.median(values))
    if len(values) == 1:
        return Measured(value=middle)
    return Measured(
        value=middle, low=min(values), high=max(values), interval="lowest and highest",
        n=len(values),
    )  # fmt: skip


def percentiles(rounds_ms: Sequence[Sequence[float]], wanted: Sequence[float]) -> list[Measured]:
    """Return percentiles of single calls, each with its 95 % interval.

    The interval is a bootstrap over groups of neighbouring rounds instead of over single calls:
    calls that follow each other are slow together, and count as less than so many measurements.
    """
    pooled = np.concatenate([np.asarray(each, np.float64) for each in rounds_ms])
    values = np.percentile(pooled, wanted).tolist()
    if len(rounds_ms) < 2:
        return [Measured(value=value, n=len(pooled)) for value in values]
    low, high = np.percentile(_resampled(rounds_ms, wanted), (2.5, 97.5), axis=0).tolist()
    return [
        Measured(value=v, low=min(a, v), high=max(b, v), interval="95 %", n=len(pooled))
        for v, a, b in zip(values, low, high, strict=True)
    ]


def _resampled(rounds_ms: Sequence[Sequence[float]], wanted: Sequence[float]) -> Times:
    """Return the percentiles of as many rounds drawn with replacement, once a row."""
    rng = np.random.default_rng(_SEED)
    n_groups = min(len(rounds_ms), _MOST_GROUPS)
    parts = np.array_split(np.arange(len(rounds_ms)), n_groups)
    groups = [np.concatenate([np.asarray(rounds_ms[i]) for i in part]) for part in parts]
    return np.array([
        np.percentile(np.concatenate([groups[i] for i in rng.integers(n_groups, size=n_groups)]),
                      wanted)
        for _ in range(_N_RESAMPLED)
    ])  # fmt: skip


def widened(figure: Measured, rounds: Sequence[float]) -> Measured:
    """Return the figure with an interval that reaches over those of each round alone.

    What a machine does from one minute to the next is in it, which is nearer to what it does from
    one run to the next than the interval of a single run is.
    """
    if figure.low is None or figure.high is None or not rounds:
        return figure
    return replace(figure, low=min(figure.low, *rounds), high=max(figure.high, *rounds))


def half_width(figure: Measured) -> float | None:
    """Return how far the interval reaches from the figure, as a share of it; None without one."""
    if figure.low is None or figure.high is None or figure.value <= 0:
        return None
    return max(figure.high - figure.value, figure.value - figure.low) / figure.value


def ratio(figure: Measured, to: Measured) -> Ratio | None:
    """Return a figure by another; its interval takes the two as independent.

    None where the other is not above 0, and there is no such ratio.
    """
    if to.value <= 0 or figure.value <= 0:
        return None
    value = figure.value / to.value
    ends = (figure.low, figure.high, to.low, to.high)
    if any(end is None or end <= 0 for end in ends):
        return Ratio(value=value)
    down = math.hypot(_log(figure.value, figure.low), _log(to.high, to.value))
    up = math.hypot(_log(figure.high, figure.value), _log(to.value, to.low))
    return Ratio(value=value, low=value * math.exp(-down), high=value * math.exp(up))


def _log(above: float | None, below: float | None) -> float:
    return math.log(above / below) if above and below else 0.0
