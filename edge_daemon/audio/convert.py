"""From what a source delivers to what the model hears."""

from __future__ import annotations

from edge_daemon.audio.channels import Channel, Frames, to_mono
from edge_daemon.audio.resample import Resampler
from edge_daemon.types import Samples


class Converter:
    """One channel at the model's rate, out of any channels at any rate."""

    def __init__(self, rate_hz: int, n_channels: int, channel: Channel, to_hz: int) -> None:
        self._n_channels = n_channels
        self._channel = channel
        self._resampler = Resampler(rate_hz, to_hz)

    @property
    def description(self) -> str:
        """The conversion in words, for the log."""
        parts = [f"{self._resampler.from_hz} Hz"]
        if self._n_channels == 1:
            parts.append("mono")
        elif self._channel == "mean":
            parts.append(f"mean of {self._n_channels} channels")
        else:
            parts.append(f"channel {self._channel} of {self._n_channels}")
        if self._resampler.from_hz != self._resampler.to_hz:
            parts.append(f"resampled to {self._resampler.to_hz} Hz")
        return ", ".join(parts)

    @property
    def delay_s(self) -> float:
        """Time of the audio that went in but has not come out yet."""
        return self._resampler.delay_s

    def push(self, frames: Frames) -> Samples:
        """Convert some frames; may return fewer samples than they hold time for, or none."""
        return self._resampler.push(to_mono(frames, self._channel))

    def flush(self) -> Samples:
        """Return what is left, once, when no more frames will come."""
        return self._resampler.flush()

    def count(self, n_frames: int) -> int:
        """Return how many samples at the model's rate span ``n_frames`` of the source."""
        return round(n_frames * self._resampler.to_hz / self._resampler.from_hz)
