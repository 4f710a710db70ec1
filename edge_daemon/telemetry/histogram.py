"""A histogram of durations in constant memory."""

from __future__ import annotations

import math
from array import array
from operator import sub

SHORTEST_S = 1e-6
LONGEST_S = 100.0
_RATIO = 1.1
"""Upper to lower edge of a bucket; its middle is at most sqrt(1.1) - 1 = 4.9 % off."""
_LOG_RATIO = math.log(_RATIO)
_N_BUCKETS = 1 + math.ceil(math.log(LONGEST_S / SHORTEST_S) / _LOG_RATIO)


class Histogram:
    """Durations from 1 µs to 100 s in log-spaced buckets; percentiles are within 5 %.

    What is shorter counts as 1 µs, what is longer as 100 s; ``max`` is exact.
    """

    def __init__(self) -> None:
        self.count = 0
        self.sum_s = 0.0
        """All durations together, exact."""
        self._max = 0.0
        self._buckets = _no_buckets()
        self._taken = (0, 0.0, _no_buckets())
        self._max_since = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        bucket = 0
        if seconds > SHORTEST_S:  # false for NaN as well
            bucket = int(math.log(min(seconds, LONGEST_S) / SHORTEST_S) / _LOG_RATIO)
        self._buckets[min(bucket, _N_BUCKETS - 1)] += 1
        self.count += 1
        if seconds > 0:
            self.sum_s += seconds
        self._max = max(self._max, seconds)  # a NaN leaves it as it is
        self._max_since = max(self._max_since, seconds)

    def take(self) -> Histogram:
        """Return what was added since the take before; here everything stays."""
        count, sum_s, buckets = self._taken
        recent = Histogram()
        recent.count, recent.sum_s = self.count - count, self.sum_s - sum_s
        recent._max, self._max_since = self._max_since, 0.0
        recent._buckets = array("Q", map(sub, self._buckets, buckets))
        self._taken = (self.count, self.sum_s, self._buckets[:])
        return recent

    def counts(self) -> array[int]:
        """Return how many durations lie in each bucket; `upper_edge_s` says up to where."""
        return self._buckets[:]

    @property
    def max(self) -> float | None:
        """The longest duration, in seconds; None when there was none."""
        return self._max if self.count else None

    def percentile(self, q: float) -> float | None:
        """Return the duration, in seconds, that q % of all do not exceed; None without any.

        It is the nearest-rank percentile, numpy's ``method="inverted_cdf"``.
        """
        if not 0 <= q <= 100:
            raise ValueError(f"q is a percentage from 0 to 100, not {q}")
        if not self.count:
            return None
        rank = max(1, math.ceil(q * self.count / 100))
        seen = 0
        for bucket, n in enumerate(self._buckets):
            seen += n
            if seen >= rank:
                return min(SHORTEST_S * math.pow(_RATIO, bucket + 0.5), self._max)
        return self._max


def upper_edge_s(bucket: int) -> float:
    """Return the duration at which a bucket ends, in seconds."""
    return SHORTEST_S * math.pow(_RATIO, bucket + 1)


def _no_buckets() -> array[int]:
    return array("Q", bytes(8 * _N_BUCKETS))
