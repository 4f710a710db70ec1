"""The ring buffer loses nothing without counting it."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.audio.channels import Frames
from edge_daemon.audio.ring import RingBuffer

Writes = st.tuples(st.just("write"), st.integers(0, 40))
Reads = st.tuples(st.just("read"), st.integers(1, 40))


def _frames(start: int, n: int, n_channels: int) -> Frames:
    """Frames that say where they belong: the position, and its negative in other channels."""
    position = np.arange(start, start + n, dtype=np.int16)
    return np.stack([position * (1 if c == 0 else -1) for c in range(n_channels)], axis=1)


@given(
    capacity=st.integers(1, 17),
    n_channels=st.integers(1, 3),
    steps=st.lists(st.one_of(Writes, Reads), max_size=40),
)
def test_ring_equals_a_deque(capacity: int, n_channels: int, steps: list[tuple[str, int]]) -> None:
    """For any writes and reads, it holds what a bounded deque holds, and the counts add up."""
    ring = RingBuffer(capacity, n_channels, rate_hz=16000)
    model: deque[int] = deque(maxlen=capacity)
    written = taken = lost_since = 0
    for step, n in steps:
        if step == "write":
            lost_since += max(0, len(model) + n - capacity)
            ring.write(_frames(written, n, n_channels))
            model.extend(range(written, written + n))
            written += n
        else:
            got = ring.read(n, timeout_s=0.0)
            expected = [model.popleft() for _ in range(min(n, len(model)))]
            assert got.frames[:, 0].tolist() == expected
            assert (got.frames[:, 1:] == -got.frames[:, :1]).all()
            assert got.dropped == lost_since
            lost_since = 0
            taken += len(expected)
        assert (ring.written, ring.taken, ring.waiting) == (written, taken, len(model))
        assert ring.written == ring.taken + ring.dropped + ring.waiting


def test_captured_time_is_that_of_the_newest_frame_taken() -> None:
    """Frames that still wait are subtracted from the time of the newest one written."""
    ring = RingBuffer(1000, 1, rate_hz=1000, started_s=5.0)
    assert ring.read(10, 0.0).captured_s == 5.0
    ring.write(_frames(0, 500, 1), captured_s=20.0)
    assert ring.read(100, 0.0).captured_s == 19.6
    assert ring.read(400, 0.0).captured_s == 20.0
    assert ring.read(400, 0.0).captured_s == 20.0


def test_captured_time_never_falls() -> None:
    """A time of capture that wavers backwards is held at the latest one before."""
    ring = RingBuffer(1000, 1, rate_hz=1000)
    for captured_s in (20.0, 19.9, 20.1):
        ring.write(_frames(0, 10, 1), captured_s)
        assert ring.read(10, 0.0).captured_s == max(20.0, captured_s)


def test_a_read_does_not_share_memory_with_the_ring() -> None:
    """What was read stays what it was when the ring goes round."""
    ring = RingBuffer(4, 1, rate_hz=16000)
    ring.write(_frames(1, 4, 1))
    got = ring.read(4, 0.0).frames
    ring.write(_frames(100, 4, 1))
    assert got[:, 0].tolist() == [1, 2, 3, 4]


def test_a_reader_wakes_when_another_thread_has_written_enough() -> None:
    """Frames that come from another thread arrive once, in order, none dropped."""
    ring = RingBuffer(5000, 1, rate_hz=16000)
    total = 4000

    def write() -> None:
        for i in range(0, total, 50):
            ring.write(_frames(i, 50, 1))

    writer = threading.Thread(target=write)
    writer.start()
    parts = []
    while ring.taken < total:
        parts.append(ring.read(min(300, total - ring.taken), timeout_s=10.0).frames[:, 0])
    writer.join()
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(total))
    assert ring.dropped == 0


def test_a_read_of_more_than_the_capacity_is_woken_by_a_full_ring() -> None:
    """A reader that wants more than the ring holds is not left to its time-out."""
    ring = RingBuffer(10, 1, rate_hz=16000)
    ring.write(_frames(0, 10, 1))
    assert len(ring.read(100, timeout_s=1000.0).frames) == 10
