"""The newest audio, against a plain concatenation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.audio.history import History


@given(
    capacity=st.integers(1, 50),
    lengths=st.lists(st.integers(0, 120), max_size=12),
)
def test_the_newest_samples_are_kept(capacity: int, lengths: list[int]) -> None:
    """Whatever the blocks, what comes back is the end of all that was pushed."""
    history, pushed, n = History(capacity), np.zeros(0, np.int16), 0
    for length in lengths:
        block = np.arange(n, n + length, dtype=np.int16)
        n += length
        history.push(block)
        pushed = np.concatenate([pushed, block])
        np.testing.assert_array_equal(history.newest(), pushed[-capacity:])


def test_what_comes_back_is_a_copy() -> None:
    """Whoever keeps it does not see it change."""
    history = History(4)
    history.push(np.arange(4, dtype=np.int16))
    kept = history.newest()
    history.push(np.full(4, 9, np.int16))
    assert kept.tolist() == [0, 1, 2, 3]
