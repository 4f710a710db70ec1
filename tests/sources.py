"""A source that a test holds in its hand."""

from __future__ import annotations

from types import TracebackType

from edge_daemon.errors import AudioError
from edge_daemon.types import Block, Samples


class ArraySource:
    """Samples out of an array; the clock of its blocks counts samples."""

    description = "array"

    def __init__(self, samples: Samples, rate_hz: int = 16000, block_ms: int = 100) -> None:
        self._samples = samples
        self._rate_hz = rate_hz
        self._block_length = rate_hz * block_ms // 1000
        self._position: int | None = None
        self._n_read = 0

    @property
    def captured(self) -> int:
        """Samples that were read."""
        return self._n_read

    def __enter__(self) -> ArraySource:
        self._position = self._n_read = 0
        return self

    def read(self) -> Block | None:
        """Return the next block; None after the last."""
        if self._position is None:
            raise AudioError("array: not open")
        samples = self._samples[self._position : self._position + self._block_length]
        self._position += len(samples)
        self._n_read += len(samples)
        return Block(samples, self._position / self._rate_hz) if len(samples) else None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._position = None
