"""When zeros count as a muted microphone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.audio.muted import MutedWatch

ZEROS = np.zeros(100, np.int16)
ONE_BIT = np.eye(1, 100, 99, dtype=np.int16)[0]


def test_zeros_are_reported_once_and_their_end_once() -> None:
    """Who looks at the log finds two lines, not one for each block."""
    watch = MutedWatch(after_s=3.0, rate_hz=100)
    blocks = [ZEROS] * 5 + [ONE_BIT] * 2 + [ZEROS] * 3
    changes = [watch.push(block) for block in blocks]
    assert changes == [None, None, "muted", None, None, "heard again", None, None, None, "muted"]


def test_the_last_bit_is_sound() -> None:
    """A microphone that is on, in the quietest room, is not taken for muted."""
    watch = MutedWatch(after_s=1.0, rate_hz=100)
    assert {watch.push(ONE_BIT) for _ in range(50)} == {None}
    assert not watch.is_muted


@given(st.lists(st.booleans(), max_size=60))
def test_none_never_reports(blocks: list[bool]) -> None:
    """A null in the configuration turns it off."""
    watch = MutedWatch(None, 16000)
    assert {watch.push(ONE_BIT if sound else ZEROS) for sound in blocks} <= {None}
