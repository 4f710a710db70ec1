"""Audio as clients send it, as samples."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from edge_daemon.audio.channels import Frames
from edge_daemon.wyoming.reading import BadEvent

_BOUNDS = {"rate": (4000, 384000), "width": (1, 4), "channels": (1, 64)}


class Format(NamedTuple):
    """How the samples of a chunk are laid out."""

    rate_hz: int
    width_bytes: int
    """Of one sample: 1 is unsigned, more are signed and little-endian."""
    n_channels: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.width_bytes * self.n_channels


def format_of(data: dict[str, Any]) -> Format:
    """Read the format out of an event's data.

    Raises
    ------
    BadEvent
    """
    for key, (least, most) in _BOUNDS.items():
        value = data.get(key)
        if not isinstance(value, int) or not least <= value <= most:
            raise BadEvent(f"audio with {key} {value!r:.40}; {least} to {most} are taken")
    return Format(data["rate"], data["width"], data["channels"])


def frames_of(audio: bytes, layout: Format) -> Frames:
    """Return audio of any width as 16-bit samples.

    Raises
    ------
    BadEvent
        It ends within a frame.
    """
    if len(audio) % layout.frame_bytes:
        raise BadEvent(f"{len(audio)} bytes of audio are no multiple of {layout.frame_bytes}")
    raw = np.frombuffer(audio, np.uint8).reshape(-1, layout.width_bytes)
    if layout.width_bytes == 1:
        samples = (raw.astype(np.int16) - 128) << 8
    else:
        samples = np.ascontiguousarray(raw[:, -2:]).view("<i2").astype(np.int16)
    return samples.reshape(-1, layout.n_channels)
