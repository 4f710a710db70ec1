"""The buffer between the audio callback and the main loop."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import numpy as np

from edge_daemon.audio.channels import Frames


@dataclass(frozen=True, slots=True)
class Taken:
    """What one read took from the ring."""

    frames: Frames
    """The oldest frames that waited [shape=(n, n_channels)]; n may be 0."""
    dropped: int
    """Frames that were dropped just before these."""
    captured_s: float
    """Monotonic clock at the newest of these frames."""


class RingBuffer:
    """A ring of int16 frames; when it is full, the oldest are dropped and counted.

    One thread writes, another reads. At any time
    ``written == taken + dropped + waiting``. Until frames come, the newest counts as captured
    at ``started_s``.
    """

    def __init__(
        self, capacity: int, n_channels: int, rate_hz: int, *, started_s: float = 0.0
    ) -> None:
        self._data = np.zeros((capacity, n_channels), np.int16)
        self._rate_hz = rate_hz
        self._changed = threading.Condition()
        self._written = 0
        self._taken = 0
        self._dropped = 0
        self._reported = 0
        self._wanted = 1
        self._newest_s = started_s

    @property
    def capacity(self) -> int:
        """Most frames that can wait."""
        return len(self._data)

    @property
    def written(self) -> int:
        """Frames written so far."""
        return self._written

    @property
    def taken(self) -> int:
        """Frames read so far."""
        return self._taken

    @property
    def dropped(self) -> int:
        """Frames dropped so far."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """Frames that wait to be read."""
        with self._changed:
            return self._waiting()

    def write(self, frames: Frames, captured_s: float = 0.0) -> None:
        """Append frames [shape=(n, n_channels)]; the newest was captured at ``captured_s``.

        That time wavers; what is kept of it never falls.
        """
        capacity = len(self._data)
        n = len(frames)
        with self._changed:
            kept = frames[-capacity:]
            self._copy_in(kept, (self._written + n - len(kept)) % capacity)
            self._written += n
            self._dropped += max(0, self._waiting() - capacity)
            self._newest_s = max(self._newest_s, captured_s)
            if self._waiting() >= self._wanted:
                self._changed.notify()

    def read(self, n_frames: int, timeout_s: float) -> Taken:
        """Wait until ``n_frames`` are there or the time is over, then take at most as many."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            self._wanted = min(n_frames, self.capacity)
            while self._waiting() < self._wanted:
                left_s = deadline_s - time.monotonic()
                if left_s <= 0 or not self._changed.wait(left_s):
                    break
            return self._take(min(n_frames, self._waiting()))

    def _waiting(self) -> int:
        return self._written - self._taken - self._dropped

    def _take(self, n: int) -> Taken:
        frames = self._copy_out((self._taken + self._dropped) % self.capacity, n)
        self._taken += n
        dropped = self._dropped - self._reported
        self._reported = self._dropped
        return Taken(frames, dropped, self._newest_s - self._waiting() / self._rate_hz)

    def _copy_in(self, frames: Frames, at: int) -> None:
        first = min(len(frames), len(self._data) - at)
        self._data[at : at + first] = frames[:first]
        self._data[: len(frames) - first] = frames[first:]

    def _copy_out(self, at: int, n: int) -> Frames:
        out = np.empty((n, self._data.shape[1]), np.int16)
        first = min(n, len(self._data) - at)
        out[:first] = self._data[at : at + first]
        out[first:] = self._data[: n - first]
        return out
