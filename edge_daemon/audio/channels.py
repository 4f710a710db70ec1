"""From several channels to one."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from edge_daemon.errors import AudioError
from edge_daemon.types import Samples

Frames: TypeAlias = npt.NDArray[np.int16]
"""Audio with its channels side by side [shape=(n, n_channels), dtype=int16]."""

Channel: TypeAlias = Literal["mean"] | int
"""The channel to listen to, from 0, or the mean of all."""


def check_channel(channel: Channel, n_channels: int, where: str) -> None:
    """Refuse a channel that the source does not have.

    Raises
    ------
    AudioError
    """
    if channel != "mean" and channel >= n_channels:
        known = "only channel 0" if n_channels == 1 else f"channels 0 to {n_channels - 1}"
        raise AudioError(
            f"{where}: has {known}, but audio.channel is {channel}; "
            f"set audio.channel to one of them, or to mean"
        )


def to_mono(frames: Frames, channel: Channel) -> Samples:
    """Take one channel, or the mean of all, rounded to the nearest."""
    if frames.shape[1] == 1:
        return frames[:, 0]
    if channel == "mean":
        mean: Samples = np.rint(frames.mean(axis=1, dtype=np.float32)).astype(np.int16)
        return mean
    return frames[:, channel]
