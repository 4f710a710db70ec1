"""Sounds that the tiny models take for words."""

from __future__ import annotations

import numpy as np

from edge_daemon.types import Samples

RATE_HZ = 16000
WORD_S = 0.4
_BANDS_HZ = {"low": (0.0, 1000.0), "high": (2000.0, 4000.0)}


def sound(word: str, n: int) -> Samples:
    """Return noise that the tiny models hear as ``low`` or ``high`` [shape=(n,), dtype=int16]."""
    low_hz, high_hz = _BANDS_HZ[word]
    rng = np.random.default_rng(5)
    bins_hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    spectrum = rng.normal(size=len(bins_hz)) + 1j * rng.normal(size=len(bins_hz))
    wave = np.fft.irfft(spectrum * ((low_hz <= bins_hz) & (bins_hz < high_hz)), n)
    samples: Samples = (wave / wave.std() * 6000).clip(-32768, 32767).astype(np.int16)
    return samples


def said(*words: tuple[float, str], total_s: float) -> Samples:
    """Return silence in which each of (time in seconds, word) is said."""
    audio = np.zeros(round(total_s * RATE_HZ), np.int16)
    n = round(WORD_S * RATE_HZ)
    for start_s, word in words:
        start = round(start_s * RATE_HZ)
        audio[start : start + n] = sound(word, n)
    return audio
