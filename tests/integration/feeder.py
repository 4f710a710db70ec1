"""The thread that is the virtual microphone's capsule: frames into a FIFO, at their pace."""

from __future__ import annotations

import fcntl
import os
import queue
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

FRAME_MS = 20
PIPE_BYTES = 16384
"""Half a second at 16 kHz: a larger pipe would keep stale audio after a hiccup."""
MOST_BEHIND_S = 0.1
"""What nobody took in time is lost, as with a real one; it comes in no burst later."""
HISS = 3
"""Largest sample of the noise; far below what opens the daemon's gate."""


class Feeder(threading.Thread):
    """Writes what is played, and silence in between, at the pace of a microphone."""

    def __init__(self, fifo: Path, rate_hz: int, n_channels: int, *, hiss: bool) -> None:
        super().__init__(daemon=True)
        self._fd = os.open(fifo, os.O_WRONLY)
        fcntl.fcntl(self._fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        frame_length = rate_hz * FRAME_MS // 1000
        self._frame_bytes = frame_length * n_channels * 2
        self._silence = bytes(self._frame_bytes)
        self._hiss = _noise(frame_length * n_channels) if hiss else self._silence
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._ending = False
        self._n_written = 0
        self.muted = False
        self.flowing = threading.Event()
        self.flowing.set()

    @property
    def written_s(self) -> float:
        """Audio that went into the FIFO."""
        return self._n_written * FRAME_MS / 1000

    def play(self, frames: npt.NDArray[np.int16]) -> None:
        """Write this next, filled up with zeros to a whole number of writes."""
        data = np.ascontiguousarray(frames, "<i2").tobytes()
        n = self._frame_bytes
        for i in range(0, len(data), n):
            self._queue.put(data[i : i + n].ljust(n, b"\0"))

    def end(self) -> None:
        """End as soon as possible, also in a stall."""
        self._ending = True
        self.flowing.set()

    def run(self) -> None:
        """Write until the end, or until nobody reads."""
        due_s = time.monotonic()
        try:
            while not self._ending:
                if not self.flowing.is_set():
                    self.flowing.wait()
                    due_s = time.monotonic()
                os.write(self._fd, self._next())
                self._n_written += 1
                now_s = time.monotonic()
                due_s = max(due_s + FRAME_MS / 1000, now_s - MOST_BEHIND_S)
                time.sleep(max(0.0, due_s - now_s))
        except BrokenPipeError:
            pass
        finally:
            os.close(self._fd)

    def _next(self) -> bytes:
        try:
            frame = self._queue.get_nowait()
        except queue.Empty:
            frame = self._hiss
        return self._silence if self.muted else frame


def _noise(n: int) -> bytes:
    return np.random.default_rng(3).integers(-HISS, HISS + 1, n).astype("<i2").tobytes()
