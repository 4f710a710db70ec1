"""How far a measured rate or share can be from the true one, exactly and at 95 %."""

from __future__ import annotations

import math
from collections.abc import Callable

CONFIDENCE = 0.95
_STEPS = 60


def most_per_hour(n: int, hours: float) -> float:
    """Return the rate that ``n`` events in so many hours leave possible, at 95 %.

    It is the rate at which so few events, or fewer, would come with a probability of 5 %:
    the exact one-sided bound of Poisson counts (Garwood 1936). None in H hours gives 3.0 / H.
    Infinite for no hours.
    """
    if hours <= 0:
        return math.inf
    highest = n + 10.0 * math.sqrt(n + 1.0) + 10.0
    return _where_it_falls(lambda mean: _poisson_up_to(n, mean), 0.0, highest) / hours


def least_share(hits: int, n: int) -> float:
    """Return the share that ``hits`` out of ``n`` leave sure, at 95 %.

    It is the share at which so many hits, or more, would come with a probability of 5 %: the
    exact one-sided bound of binomial counts (Clopper and Pearson 1934). 0 for no tries.
    """
    if hits == 0:
        return 0.0
    misses = n - hits
    return 1.0 - _where_it_falls(lambda share: _binomial_up_to(misses, n, share), 0.0, 1.0)


def _where_it_falls(probability: Callable[[float], float], low: float, high: float) -> float:
    """Return where a falling probability reaches 5 %."""
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if probability(middle) > 1.0 - CONFIDENCE:
            low = middle
        else:
            high = middle
    return high


def _poisson_up_to(n: int, mean: float) -> float:
    if mean <= 0:
        return 1.0
    log_mean = math.log(mean)
    return math.fsum(math.exp(k * log_mean - mean - math.lgamma(k + 1)) for k in range(n + 1))


def _binomial_up_to(k_most: int, n: int, share: float) -> float:
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(k_most >= n)
    log_hit, log_miss = math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(
            math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
            + k * log_hit + (n - k) * log_miss
        )
        for k in range(k_most + 1)
    )  # fmt: skip
