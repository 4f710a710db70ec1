"""How loud it is in the band of voices, at a fraction of what a spectrum costs."""

from __future__ import annotations

import math

import numpy as np

from edge_daemon.types import FrontendSpec, Samples

QUIETEST_DBFS = -80.0
"""Least level; digital silence has it as well."""
_BAND_RATE_HZ = 4000
_RECENT_MS = 100.0
_SUSTAINED_MS = 50.0
_FULL_SCALE = 32768.0


class VoiceLevel:
    """Measures each hop between about 300 and 1700 Hz, where every vowel is.

    Means of a few samples leave a quarter of the rate, differences of every other one of them
    take away hum and rumble. What counts is the level that the newest 100 ms, or the hop where
    it is longer, hold for 50 ms: a click is louder and shorter, a vowel is not.

    Parameters
    ----------
    frontend : FrontendSpec
        Gives the rate and the length of a frame.
    """

    def __init__(self, frontend: FrontendSpec) -> None:
        frame_ms = 1000.0 * frontend.hop_length / frontend.sample_rate_hz
        n_mean = round(frontend.sample_rate_hz / _BAND_RATE_HZ)
        n_mean = max(1, min(n_mean, frontend.hop_length // 4))  # some differences in short frames
        self._mean = np.full(n_mean, 1.0 / (n_mean * _FULL_SCALE), np.float32)
        self._frame_length = frontend.hop_length
        self._n_recent = max(1, round(_RECENT_MS / frame_ms))
        self._n_sustained = max(1, round(_SUSTAINED_MS / frame_ms))
        self.reset()

    def reset(self) -> None:
        """Take what was before for silence."""
        self._powers = [0.0] * self._n_recent

    def push(self, hop: Samples) -> float:
        """Return the level at the end of a hop, in dB below full scale.

        Parameters
        ----------
        hop : Samples [shape=(n_frames * hop_length,), dtype=int16]
        """
        n_frames, n_mean = len(hop) // self._frame_length, len(self._mean)
        whole = len(hop) - len(hop) % n_mean
        means = hop[:whole].astype(np.float32).reshape(-1, n_mean) @ self._mean
        rises = means[2:] - means[:-2]
        rises *= rises
        n = len(rises) // n_frames
        powers = np.add.reduce(rises[: n_frames * n].reshape(n_frames, n), axis=1).tolist()
        if n_frames < self._n_recent:
            powers = self._powers = [*self._powers, *powers][-self._n_recent :]
        sustained = sorted(powers)[-self._n_sustained] / n
        return max(QUIETEST_DBFS, 10.0 * math.log10(sustained)) if sustained else QUIETEST_DBFS
