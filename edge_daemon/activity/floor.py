"""What a room sounds like when nobody speaks in it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

_QUANTILE = 0.1


class NoiseFloor:
    """Follows the level that is undercut a tenth of the time.

    Low levels and not the mean: speech has pauses, so that minutes of it do not lift the floor
    to where it would no longer be heard. A noise that stays does, once it has filled the span.

    Parameters
    ----------
    n_levels : int
        Levels looked back on.
    """

    def __init__(self, n_levels: int) -> None:
        self._n_levels = n_levels
        self.reset()

    def reset(self) -> None:
        """Forget the room."""
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []

    @property
    def is_settled(self) -> bool:
        """Whether a whole span was heard."""
        return len(self._newest) >= self._n_levels

    def push(self, level_dbfs: float) -> float:
        """Take a new level and return the floor, both in dB below full scale."""
        if self.is_settled:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]
        self._newest.append(level_dbfs)
        insort(self._sorted, level_dbfs)
        return self._sorted[int(_QUANTILE * (len(self._sorted) - 1))]
