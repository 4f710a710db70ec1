"""Figures as people read them."""

from __future__ import annotations

from edge_daemon.benchmark.measured import Measured, Ratio, half_width

NOTHING = "-"
_THIN = 0.005
"""Ends that are nearer than this to each other say no more than one figure."""


def short(value: float | None) -> str:
    """Return three digits; more before the point where there are more."""
    if value is None:
        return NOTHING
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def of(figure: Measured | None, unit: float = 1.0) -> str:
    """Return a figure in another unit, without its interval."""
    return NOTHING if figure is None else short(figure.value / unit)


def reach(figure: Measured | None) -> str:
    """Return how far the interval reaches, in percent."""
    width = half_width(figure) if figure else None
    return NOTHING if width is None else f"{100 * width:.1f}"


def with_ends(figure: Measured | None, unit: float = 1.0) -> str:
    """Return a figure with the ends of its interval, where they are apart."""
    if figure is None:
        return NOTHING
    return _with_ends(figure.value / unit, _in(figure.low, unit), _in(figure.high, unit))


def ratio_with_ends(found: Ratio | None) -> str:
    """Return a ratio with the ends of its interval, where they are apart."""
    return NOTHING if found is None else _with_ends(found.value, found.low, found.high)


def _in(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _with_ends(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None or high - low <= _THIN * abs(value):
        return short(value)
    return f"{short(value)} ({short(low)}-{short(high)})"
