"""Raw PCM from standard input, a FIFO or a file: whatever program records it."""

from __future__ import annotations

import errno
import os
import select
import stat
import sys
import time

import numpy as np

from edge_daemon.audio.convert import Converter
from edge_daemon.audio.source import READ_TIMEOUT_S
from edge_daemon.errors import AudioError, AudioLost
from edge_daemon.types import Block, Samples

STDIN = "-"
BYTES_PER_SAMPLE = 2


class PcmSource:
    """Mono signed 16-bit little-endian samples, at the pace at which they are written.

    A FIFO may be opened before its writer. When its last writer closes it, the source is lost:
    opened again, it waits for the next one. Standard input and a file end.
    """

    def __init__(
        self, path: str, rate_hz: int, sample_rate_hz: int, *, block_ms: int = 100
    ) -> None:
        self._path = path
        self._where = "standard input" if path == STDIN else path
        self._rate_hz = rate_hz
        self._sample_rate_hz = sample_rate_hz
        self._block_bytes = max(1, rate_hz * block_ms // 1000) * BYTES_PER_SAMPLE
        self._fd: int | None = None
        self._converter = Converter(rate_hz, 1, "mean", sample_rate_hz)
        self._n_converted = 0

    @property
    def captured(self) -> int:
        """Samples that were read since it was opened; what waits in a pipe is its writer's."""
        return self._n_converted

    @property
    def description(self) -> str:
        """Where the samples come from, and the conversion."""
        return f"raw 16-bit samples from {self._where} ({self._converter.description})"

    def __enter__(self) -> PcmSource:
        self._close()
        self._fd = _open_stdin() if self._path == STDIN else _open_path(self._path)
        self._converter = Converter(self._rate_hz, 1, "mean", self._sample_rate_hz)
        self._outlives_writers = _is_named_fifo(self._fd, self._path)
        self._half_sample = b""
        self._n_converted = 0
        self._captured_s = time.monotonic()
        self._ended = False
        return self

    def read(self) -> Block | None:
        """Return up to a block; fewer samples, or none, while the writer is slow.

        Raises
        ------
        AudioLost
            The last writer of a FIFO has closed it, and all that it wrote was returned.
        """
        if self._fd is None:
            raise AudioError(f"{self._where}: not open")
        samples = self._read_samples(self._fd)
        if len(samples) or not self._ended:
            return Block(samples, self._captured_s - self._converter.delay_s)
        if self._outlives_writers:
            raise AudioLost(f"{self._where}: its writer has closed it")
        return None

    def _read_samples(self, fd: int) -> Samples:
        if self._ended:
            return np.empty(0, np.int16)
        data = self._read_bytes(fd)
        whole = len(data) - len(data) % BYTES_PER_SAMPLE
        self._half_sample = data[whole:]
        return self._convert(np.frombuffer(data[:whole], "<i2").astype(np.int16))

    def _convert(self, samples: Samples) -> Samples:
        frames = samples[:, np.newaxis]
        out = self._converter.push(frames) if len(frames) else samples
        out = np.concatenate([out, self._converter.flush()]) if self._ended else out
        self._n_converted += len(out)
        return out

    def _read_bytes(self, fd: int) -> bytes:
        """Gather a block's bytes for as long as a read may take; notice the end."""
        deadline_s = time.monotonic() + READ_TIMEOUT_S
        data = self._half_sample
        while len(data) < self._block_bytes:
            if not _readable(fd, deadline_s - time.monotonic()):
                break
            more = self._read_some(fd, self._block_bytes - len(data))
            if more == b"":
                self._ended = True
                break
            if more:
                data += more
                self._captured_s = time.monotonic()
        return data

    def _read_some(self, fd: int, n_bytes: int) -> bytes | None:
        try:
            return os.read(fd, n_bytes)
        except BlockingIOError:
            return None
        except OSError as error:
            raise AudioError(f"{self._where}: cannot be read: {error.strerror}") from None

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._fd is not None and self._path != STDIN:
            os.close(self._fd)
        self._fd = None


def _open_stdin() -> int:
    try:
        fd = sys.__stdin__.fileno() if sys.__stdin__ is not None else 0
        terminal = os.isatty(fd)
        os.fstat(fd)
    except (OSError, ValueError):
        raise AudioError("pcm:-: standard input is closed; pipe raw audio into it") from None
    if terminal:
        raise AudioError(
            "pcm:-: standard input is a terminal; pipe raw audio into it: "
            "arecord -t raw -f S16_LE -c 1 -r 16000 | edge-daemon run --source pcm:-"
        )
    return fd


def _open_path(path: str) -> int:
    try:
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, "it is a folder; name a FIFO or a file")
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise AudioError(f"{path}: no such FIFO or file; make one with: mkfifo -- {path}") from None
    except OSError as error:
        raise AudioError(f"{path}: cannot be opened: {error.strerror}") from None


def _is_named_fifo(fd: int, path: str) -> bool:
    """Tell whether another writer may come, which a pipe (/dev/stdin, /dev/fd/63) never gets."""
    has_name = path != STDIN and os.path.exists(os.path.realpath(path))
    return has_name and stat.S_ISFIFO(os.fstat(fd).st_mode)


def _readable(fd: int, timeout_s: float) -> bool:
    """Wait for bytes or for the end.

    A FIFO that no writer has opened yet is neither, where ``read`` would report its end.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0.0, timeout_s * 1000)))
