"""The newest audio, for whoever has to hear it again."""

from __future__ import annotations

import numpy as np

from edge_daemon.types import Samples


class History:
    """Keeps the newest samples of one stream, up to ``n_samples``."""

    def __init__(self, n_samples: int) -> None:
        self._ring = np.zeros(n_samples, np.int16)
        self._n_pushed = 0

    def push(self, samples: Samples) -> None:
        """Keep these [shape=(n,), dtype=int16], and forget as many of the oldest."""
        capacity = len(self._ring)
        kept = samples[-capacity:]
        at = (self._n_pushed + len(samples) - len(kept)) % capacity
        first = min(len(kept), capacity - at)
        self._ring[at : at + first] = kept[:first]
        self._ring[: len(kept) - first] = kept[first:]
        self._n_pushed += len(samples)

    def newest(self) -> Samples:
        """Return a copy of what is kept, the oldest first [shape=(n,), dtype=int16]."""
        at = self._n_pushed % len(self._ring)
        if self._n_pushed < len(self._ring):
            return self._ring[:at].copy()
        return np.concatenate([self._ring[at:], self._ring[:at]])
