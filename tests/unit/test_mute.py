"""What a mute lets through: everything, or as many zeros."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.mute import Mute

RATE_HZ = 1000


def through(mute: Mute, n: int, block: int = 7) -> list[int]:
    """Return what becomes of so many ones, given in blocks."""
    found: list[int] = []
    for start in range(0, n, block):
        found += mute.through(np.ones(min(block, n - start), np.int16)).tolist()
    return found


def test_off_it_hands_on_the_very_same_samples() -> None:
    """A daemon that nobody mutes pays nothing for it."""
    block = np.ones(10, np.int16)
    assert Mute(RATE_HZ).through(block) is block


@given(
    asked_ms=st.none() | st.integers(1, 300),
    span_ms=st.integers(0, 300),
    n=st.integers(0, 500),
    block=st.integers(1, 90),
)
def test_so_many_zeros_and_then_the_audio(
    asked_ms: int | None, span_ms: int, n: int, block: int
) -> None:
    """The longer of what was asked for and of a span counts, to the sample, whatever the blocks."""
    mute = Mute(RATE_HZ)
    mute.ask(None if asked_ms is None else asked_ms / 1000)
    mute.begin_span(span_ms)
    n_muted = n if asked_ms is None else min(n, max(asked_ms, span_ms))
    assert through(mute, n, block) == [0] * n_muted + [1] * (n - n_muted)
    assert mute.is_on == (asked_ms is None or n < asked_ms)
    if asked_ms is None:
        assert mute.left_s is None
    elif mute.is_on:
        assert mute.left_s == pytest.approx((asked_ms - n) / 1000)


def test_an_end_leaves_a_span_that_goes_on() -> None:
    """Who unmutes does not want to hear the chime."""
    mute = Mute(RATE_HZ)
    mute.ask(None)
    mute.begin_span(20)
    mute.end()
    assert not mute.is_on
    assert mute.is_silencing
    assert through(mute, 30) == [0] * 20 + [1] * 10


def test_another_rate_is_the_same_time() -> None:
    """A reload may bring a model of another rate."""
    mute = Mute(RATE_HZ)
    mute.ask(1.0)
    mute.go_on_at(2 * RATE_HZ)
    assert mute.left_s == pytest.approx(1.0)
    assert through(mute, 2001)[-2:] == [0, 1]
