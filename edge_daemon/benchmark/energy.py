"""Energy out of windows with and without work: what is above idle, where it can be told at all."""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct

from edge_daemon.benchmark.conditions import Kind, Window
from edge_daemon.benchmark.measured import Measured, of_rounds

_LEAST_ROUNDS = 3
_SIGMAS = 2.0


class Energy(Struct, frozen=True, kw_only=True):
    """What it takes, with what the idle machine takes, and above that."""

    idle_w: Measured
    listening_w: Measured | None = None
    inferring_w: Measured | None = None
    watt_hours_per_listening_hour: Measured | None = None
    watt_hours_per_listening_hour_above_idle: Measured | None = None
    listening_above_idle_reason: str = ""
    """Why the figure above idle is not there."""
    joules_per_inference: Measured | None = None
    joules_per_inference_above_idle: Measured | None = None
    inference_above_idle_reason: str = ""


def energy(windows: Sequence[Window], row: str) -> Energy | str:
    """Return what one combination takes, or why that is not known.

    Windows of one round are held to the idle one of the same round, so that a machine that warms
    up counts for neither.
    """
    idle = _by_round(windows, "idle", None)
    idle_w = of_rounds([w for w, _ in idle.values()])
    if idle_w is None:
        return "the power meter gave no reading while the machine was idle"
    listening, inferring = (
        _by_round(windows, "listening", row),
        _by_round(windows, "inferring", row),
    )
    listening_w = of_rounds([w for w, _ in listening.values()])
    above_w, why = above_idle(
        [(w, idle[n][0], 1.0) for n, (w, _) in listening.items() if n in idle]
    )
    each = [(w, s) for w, s in inferring.values() if s]
    above_j, why_j = above_idle(
        [(w, idle[n][0], s) for n, (w, s) in inferring.items() if n in idle and s]
    )
    return Energy(
        idle_w=idle_w,
        listening_w=listening_w,
        inferring_w=of_rounds([w for w, _ in inferring.values()]),
        watt_hours_per_listening_hour=listening_w,
        watt_hours_per_listening_hour_above_idle=above_w,
        listening_above_idle_reason=why,
        joules_per_inference=of_rounds([w * s for w, s in each]),
        joules_per_inference_above_idle=above_j,
        inference_above_idle_reason=why_j,
    )


def above_idle(rounds: Sequence[tuple[float, float, float]]) -> tuple[Measured | None, str]:
    """Return the mean difference, with two sigma to each side, or why it says nothing.

    rounds : watts at work, watts at idle, and what to multiply their difference with
    """
    differences = [(work_w - idle_w) * factor for work_w, idle_w, factor in rounds]
    n = len(differences)
    if n < _LEAST_ROUNDS:
        return None, f"{n} rounds with a reading; {_LEAST_ROUNDS} are needed"
    mean = math.fsum(differences) / n
    variance = math.fsum((d - mean) ** 2 for d in differences) / (n - 1)
    error = _SIGMAS * math.sqrt(variance / n)
    if mean <= error:
        watts = math.fsum(work_w - idle_w for work_w, idle_w, _ in rounds) / n
        return None, (
            f"the difference to idle, {watts:.3g} W on average, is under two sigma of {n} rounds"
        )
    return Measured(
        value=mean, low=mean - error, high=mean + error, interval="two sigma", n=n
    ), ""  # fmt: skip


def _by_round(
    windows: Sequence[Window], kind: Kind, row: str | None
) -> dict[int, tuple[float, float]]:
    """Return (mean watts, seconds for each inference or 0) of the windows with a reading."""
    return {
        window.round: (
            window.watts_mean,
            window.length_s / window.n_inferences if window.n_inferences else 0.0,
        )
        for window in windows
        if window.kind == kind and window.row == row and window.watts_mean is not None
    }
