"""A microphone that delivers nothing but zeros, as one does whose switch is off."""

from __future__ import annotations

import math
from typing import Literal

from edge_daemon.types import Samples

Change = Literal["muted", "heard again"]


class MutedWatch:
    """Tells when only zeros have come for ``after_s``, and when that is over; None: never.

    A microphone that is on has noise of its own, if only in the last bit.
    """

    def __init__(self, after_s: float | None, rate_hz: int) -> None:
        self._limit = math.inf if after_s is None else after_s * rate_hz
        self._n_zeros = 0

    @property
    def is_muted(self) -> bool:
        """Only zeros have come for so long."""
        return self._n_zeros >= self._limit

    def push(self, samples: Samples) -> Change | None:
        """Take the next samples, and tell what has changed with them, if anything has."""
        was_muted = self.is_muted
        self._n_zeros = 0 if samples.any() else self._n_zeros + len(samples)
        if self.is_muted == was_muted:
            return None
        return "muted" if self.is_muted else "heard again"
