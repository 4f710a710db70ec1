"""A file as a source: as fast as it can be read, or as a microphone would deliver it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Literal

import numpy as np

from edge_daemon.audio.channels import Channel, check_channel
from edge_daemon.audio.convert import Converter
from edge_daemon.audio.decode import Decoder, read_clip
from edge_daemon.audio.source import READ_TIMEOUT_S
from edge_daemon.errors import AudioError
from edge_daemon.types import Block

__all__ = ["FileSource", "read_clip"]

_NONE = np.empty(0, np.int16)


class FileSource:
    """Blocks of ``block_ms`` out of an audio file; the last one may be shorter."""

    def __init__(  # noqa: PLR0913
        self,
        path: Path,
        sample_rate_hz: int,
        *,
        block_ms: int = 100,
        channel: Channel = "mean",
        pace: Literal["realtime", "fast"] = "fast",
        buffer_s: float = 5.0,
    ) -> None:
        self._path = path
        self._sample_rate_hz = sample_rate_hz
        self._block_length = max(1, sample_rate_hz * block_ms // 1000)
        self._channel: Channel = channel
        self._pace = pace
        self._buffer_s = buffer_s
        self._decoder: Decoder | None = None
        self._description = f"file {path}"
        self._delivered = 0

    @property
    def captured(self) -> int:
        """Samples that were read since it was opened; at real-time pace some may be dropped."""
        return self._delivered

    @property
    def description(self) -> str:
        """The file, its format and the conversion."""
        return self._description

    def __enter__(self) -> FileSource:
        self._close()
        decoder = Decoder(self._path)
        try:
            check_channel(self._channel, decoder.n_channels, decoder.where)
        except AudioError:
            decoder.close()
            raise
        self._converter = Converter(
            decoder.rate_hz, decoder.n_channels, self._channel, self._sample_rate_hz
        )
        self._description = f"file {self._path} ({decoder.description}, {self._converter.description}, {self._pace})"
        self._decoder = decoder
        self._decoded = False
        self._pending = _NONE
        self._delivered = 0
        self._start_s = time.monotonic()
        return self

    def read(self) -> Block | None:
        """Return the next block; one without samples while its time has not come.

        At real-time pace a file is a microphone: who is later than ``buffer_s`` loses the oldest.
        """
        if self._decoder is None:
            raise AudioError(f"{self._path}: not open")
        dropped = self._drop_what_is_too_old(self._decoder)
        self._decode_a_block(self._decoder)
        samples = self._pending[: self._block_length]
        if not len(samples):
            return None
        due_s = self._due_s(len(samples))
        if not _wait_until(due_s):
            return Block(_NONE, self._due_s(0), dropped)
        self._pending = self._pending[len(samples) :]
        self._delivered += len(samples)
        return Block(samples, due_s, dropped)

    def _drop_what_is_too_old(self, decoder: Decoder) -> int:
        late_s = time.monotonic() - self._due_s(0)
        n_late = round((late_s - self._buffer_s) * self._sample_rate_hz)
        dropped = 0
        while dropped < n_late:
            self._decode_a_block(decoder)
            n = min(len(self._pending), n_late - dropped)
            if not n:
                break
            self._pending = self._pending[n:]
            dropped += n
        self._delivered += dropped
        return dropped

    def _decode_a_block(self, decoder: Decoder) -> None:
        n_frames = max(1, self._block_length * decoder.rate_hz // self._sample_rate_hz)
        while len(self._pending) < self._block_length and not self._decoded:
            frames = decoder.read(n_frames)
            self._decoded = not len(frames)
            more = self._converter.flush() if self._decoded else self._converter.push(frames)
            self._pending = np.concatenate([self._pending, more])

    def _due_s(self, n: int) -> float:
        """Monotonic clock at which a microphone would have captured the next ``n`` samples."""
        if self._pace == "fast":
            return time.monotonic()
        return self._start_s + (self._delivered + n) / self._sample_rate_hz

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None


def _wait_until(due_s: float) -> bool:
    """Sleep until then, but no longer than a read may take; say whether the time has come."""
    left_s = due_s - time.monotonic()
    if left_s > 0:
        time.sleep(min(left_s, READ_TIMEOUT_S))
    return left_s <= READ_TIMEOUT_S
