"""Silence in place of the audio, while somebody wishes it or a sound of our own plays."""

from __future__ import annotations

import math

import numpy as np

from edge_daemon.types import Samples


class Mute:
    """What goes to the recognition while it is muted: as many zeros as there were samples.

    Time is counted in samples. Time, counts and the watchdog so go on as ever, and nothing of what
    is said is worked on or kept.

    Parameters
    ----------
    rate_hz : int
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._asked_left = 0.0
        self._span_left = 0.0
        self.n_asked = 0
        """How often somebody has muted it."""

    @property
    def is_on(self) -> bool:
        """Somebody has muted it."""
        return self._asked_left > 0

    @property
    def is_silencing(self) -> bool:
        """The next sample is not let through."""
        return max(self._asked_left, self._span_left) > 0

    @property
    def left_s(self) -> float | None:
        """Until that ends by itself; None where it does not, or is not on."""
        if not self.is_on or math.isinf(self._asked_left):
            return None
        return self._asked_left / self._rate_hz

    def go_on_at(self, rate_hz: int) -> None:
        """Count samples of another rate from now on."""
        ratio = rate_hz / self._rate_hz
        self._rate_hz = rate_hz
        self._asked_left *= ratio
        self._span_left *= ratio

    def ask(self, for_s: float | None) -> None:
        """Mute from the next sample on, so long or until `end`."""
        self.n_asked += 1
        self._asked_left = math.inf if for_s is None else float(round(for_s * self._rate_hz))

    def end(self) -> None:
        """Hear again; a span that goes on stays silent to its end."""
        self._asked_left = 0.0

    def begin_span(self, ms: float) -> None:
        """Mute for so long from now on, or longer where a span goes on."""
        self._span_left = max(self._span_left, float(round(ms * self._rate_hz / 1000)))

    def through(self, samples: Samples) -> Samples:
        """Return the next samples as they are to be heard."""
        n = len(samples)
        n_muted = int(min(n, max(self._asked_left, self._span_left)))
        self._asked_left = max(0.0, self._asked_left - n)
        self._span_left = max(0.0, self._span_left - n)
        if not n_muted:
            return samples
        return np.concatenate([np.zeros(n_muted, np.int16), samples[n_muted:]])
