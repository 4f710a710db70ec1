"""How far the accuracy lost can be from what was measured, when both answered the same inputs."""

from __future__ import annotations

import math

_Z = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


def lost_share(
    both: int, only_original: int, only_quantized: int, neither: int
) -> tuple[float, float]:
    """Return the 95 % interval of the share of right answers that was lost.

    Paired answers tell small losses apart from chance far better than two accuracies with an
    interval each: only the inputs at which the two disagree move the difference. Each input counts
    as drawn by itself, so that many clips of few speakers make the interval too narrow.

    Parameters
    ----------
    both, only_original, only_quantized, neither : int
        How many inputs were right with both models, with one of them only, and with none.

    Returns
    -------
    tuple of float
        Lowest and highest loss, -1 to 1. Without inputs nothing is known: (-1, 1).

    Source: R. G. Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 17 (1998) 2635-2650, method 10:
    Wilson's score intervals, combined with a continuity-corrected correlation.
    """
    n = both + only_original + only_quantized + neither
    if n == 0:
        return -1.0, 1.0
    first, second = (both + only_original) / n, (both + only_quantized) / n
    first_low, first_high = _wilson(first, n)
    second_low, second_high = _wilson(second, n)
    phi = _correlation(both, only_original, only_quantized, neither)
    loss = first - second
    return (
        loss - _third_side(first - first_low, second_high - second, phi),
        loss + _third_side(second - second_low, first_high - first, phi),
    )


def _third_side(a: float, b: float, cosine: float) -> float:
    return math.sqrt(max(0.0, a * a - 2.0 * cosine * a * b + b * b))


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a share."""
    z2 = _Z * _Z / n
    middle = share + z2 / 2.0
    half = _Z * math.sqrt(share * (1.0 - share) / n + z2 / (4.0 * n))
    return (middle - half) / (1.0 + z2), (middle + half) / (1.0 + z2)


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    n = both + only_first + only_second + neither
    margins = (
        (both + only_first) * (only_second + neither)
        * (both + only_second) * (only_first + neither)
    )  # fmt: skip
    if margins == 0:
        return 0.0
    product = both * neither - only_first * only_second
    corrected = max(0.0, product - n / 2.0) if product > 0 else float(product)
    return corrected / math.sqrt(margins)
