"""Streaming MFCC in numpy: samples in, feature frames out.

Source: S. Davis and P. Mermelstein, "Comparison of parametric representations for monosyllabic
word recognition" (1980), in the forms of librosa.feature.mfcc with ``center=False``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from edge_daemon.mel import hz_to_mel, mel_to_hz
from edge_daemon.types import Features, FrontendSpec, Samples

_FloatArray = npt.NDArray[np.float64]


def mel_filters(spec: FrontendSpec) -> _FloatArray:
    """Return triangular mel filters [shape=(n_mels, 1 + n_fft // 2)], as librosa.filters.mel."""
    bins_hz = np.linspace(0.0, spec.sample_rate_hz / 2.0, 1 + spec.n_fft // 2)
    ends = hz_to_mel(np.array([spec.f_min_hz, spec.f_max_hz]), spec.mel_scale)
    edges_hz = mel_to_hz(np.linspace(ends[0], ends[1], spec.n_mels + 2), spec.mel_scale)
    ramps = edges_hz[:, None] - bins_hz[None, :]
    widths = np.diff(edges_hz)[:, None]
    triangles = np.maximum(0.0, np.minimum(-ramps[:-2] / widths[:-1], ramps[2:] / widths[1:]))
    if spec.mel_norm == "slaney":
        triangles *= (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]
    return triangles


def dct_matrix(n_mfcc: int, n_mels: int) -> _FloatArray:
    """Return the orthonormal DCT-II [shape=(n_mfcc, n_mels)]; a product with it gives the MFCC."""
    angles = np.pi / n_mels * (np.arange(n_mels)[None, :] + 0.5) * np.arange(n_mfcc)[:, None]
    matrix: _FloatArray = np.cos(angles) * np.sqrt(2.0 / n_mels)
    matrix[0] /= np.sqrt(2.0)
    return matrix


def level_projection(spec: FrontendSpec) -> tuple[npt.NDArray[np.float32], float]:
    """Return (weights, bias) such that ``features @ weights + bias`` is each frame's level.

    The level is the mean over the mel bands of ln(power); one unit is 4.34 dB. With MFCC it is
    the coefficient 0 alone, the others having no part in the mean.
    """
    n = spec.n_features
    mean, std = _normalisation(spec)
    share = np.full(n, 1.0 / spec.n_mels)
    if spec.n_mfcc:
        share = np.zeros(n)
        share[0] = 1.0 / np.sqrt(spec.n_mels)
    if spec.log == "db":
        share *= np.log(10.0) / 10.0
    return (share * std).astype(np.float32), float(share @ mean)


def _normalisation(spec: FrontendSpec) -> tuple[_FloatArray, _FloatArray]:
    mean = np.asarray(spec.mean or np.zeros(spec.n_features), dtype=np.float64)
    std = np.asarray(spec.std or np.ones(spec.n_features), dtype=np.float64)
    return mean, std


class MfccFrontend:
    """Turns a stream of samples into MFCC frames, each as soon as its last sample is there.

    Parameters
    ----------
    spec : FrontendSpec
        The parameters that the model was trained with.
    """

    def __init__(self, spec: FrontendSpec) -> None:
        self.spec = spec
        periodic = np.arange(spec.win_length) / spec.win_length
        hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * periodic)
        self._window = (hann / 32768.0).astype(np.float32)
        filters = mel_filters(spec)
        self._n_bins = int(np.flatnonzero(filters.any(axis=0))[-1]) + 1
        self._mel = np.ascontiguousarray(filters[:, : self._n_bins].T, dtype=np.float32)
        self._floor = np.float32(spec.log_floor)
        self._project, self._bias = _output_transform(spec)
        self._pending = np.zeros(0, dtype=np.float32)

    def reset(self) -> None:
        """Forget the samples that wait for the rest of their frame."""
        self._pending = np.zeros(0, dtype=np.float32)

    def push(self, samples: Samples) -> Features:
        """Take samples and return the frames that they complete.

        Parameters
        ----------
        samples : Samples [shape=(n,), dtype=int16]

        Returns
        -------
        Features [shape=(n_frames, n_features), dtype=float32]
            ``n_frames`` may be 0.
        """
        spec = self.spec
        pending = np.concatenate([self._pending, samples], dtype=np.float32)
        n_frames = max(0, 1 + (len(pending) - spec.win_length) // spec.hop_length)
        self._pending = pending[n_frames * spec.hop_length :]
        if n_frames == 0:
            return np.zeros((0, spec.n_features), dtype=np.float32)
        frames = np.lib.stride_tricks.as_strided(
            pending,
            shape=(n_frames, spec.win_length),
            strides=(spec.hop_length * pending.itemsize, pending.itemsize),
            writeable=False,
        )
        return self._features(frames)

    def _features(self, frames: npt.NDArray[np.float32]) -> Features:
        spectrum = np.fft.rfft(frames * self._window, self.spec.n_fft, axis=1)[:, : self._n_bins]
        power = spectrum.real**2 + spectrum.imag**2
        mel = power @ self._mel
        log_mel = np.log(np.maximum(mel, self._floor, out=mel), out=mel)
        features: Features = log_mel @ self._project + self._bias
        return features


def _output_transform(
    spec: FrontendSpec,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Fold decibels, DCT and normalisation into one matrix and one bias."""
    matrix = dct_matrix(spec.n_mfcc, spec.n_mels) if spec.n_mfcc else np.eye(spec.n_mels)
    if spec.log == "db":
        matrix = matrix * (10.0 / np.log(10.0))
    mean, std = _normalisation(spec)
    return (
        np.ascontiguousarray((matrix / std[:, None]).T, dtype=np.float32),
        (-mean / std).astype(np.float32),
    )
