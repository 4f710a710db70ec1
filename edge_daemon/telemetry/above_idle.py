"""Energy of an inference above that of the idle board, where it can be told from noise."""

from __future__ import annotations

import math
from collections import deque

N_KEPT = 60
"""Intervals that count; the newest hour when one is a minute long."""
N_LEAST = 5
"""Fewer say nothing about how much they differ by chance."""
_N_SIGMA = 2.0


class EnergyAboveIdle:
    """Shares the energy above a given idle power among the inferences of the newest intervals.

    All that the board does besides is in it: with other work on the board the figure is theirs
    too. There is none while the difference from idle is within two standard errors.

    Parameters
    ----------
    idle_w : float, optional
        Power of the board when nothing listens; without it there is never a figure.
    """

    def __init__(self, idle_w: float | None) -> None:
        self._idle_w = idle_w
        self._intervals: deque[tuple[float, float, int]] = deque(maxlen=N_KEPT)

    def add(self, watts: float | None, seconds: float, n_inferences: int) -> None:
        """Count an interval with its mean power; one without a power is left out."""
        if self._idle_w is not None and watts is not None and seconds > 0:
            self._intervals.append((watts - self._idle_w, seconds, n_inferences))

    def joules_per_inference(self) -> tuple[float | None, str]:
        """Return the mean energy of an inference; or None, and why."""
        n_inferences = sum(n for *_, n in self._intervals)
        reason = self._reason(n_inferences)
        if reason:
            return None, reason
        joules = math.fsum(above_w * seconds for above_w, seconds, _ in self._intervals)
        return joules / n_inferences, ""

    def _reason(self, n_inferences: int) -> str:
        if self._idle_w is None:
            return "no idle baseline: set telemetry.idle_w, which `edge-daemon benchmark` measures"
        if len(self._intervals) < N_LEAST:
            return f"{len(self._intervals)} intervals with a power; {N_LEAST} are needed"
        above_w = [above for above, *_ in self._intervals]
        mean_w = math.fsum(above_w) / len(above_w)
        noise_w = _N_SIGMA * _standard_error(above_w, mean_w)
        if mean_w <= noise_w:
            return (
                f"{mean_w:.3g} W above telemetry.idle_w, {self._idle_w:g} W, is within the noise "
                f"of {noise_w:.3g} W"
            )
        return "" if n_inferences else "no inference was made"


def _standard_error(values: list[float], mean: float) -> float:
    """Return that of their mean; by hand, `statistics` would take a third of a megabyte."""
    n = len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1) / n)
