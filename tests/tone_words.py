"""Words out of coloured noise, and a tiny real model that hears them.

``low`` and ``high`` are words of the model, ``mid`` is one that it does not know. They make
clips, recordings and streams of which a test knows what is to be heard, and when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from edge_daemon.config import ModelConfig, RuntimeConfig
from edge_daemon.model import KeywordModel, load_model
from edge_daemon.types import ModelSpec, Samples
from tests.tiny_models import PITCH_SPEC, pitch, write_model

RATE_HZ = 16000
WORD_S = 0.4
_BANDS_HZ = {"low": (100, 900), "mid": (1200, 1600), "high": (2300, 3900)}

TONE_SPEC = replace(PITCH_SPEC, name="tones")
WAKING_SPEC = replace(TONE_SPEC, wake_words=("low",))


def tone_word(word: str, seconds: float = WORD_S, level: float = 3000.0, seed: int = 0) -> Samples:
    """Return a word without any silence around it; ``level`` is its root mean square."""
    n = int(seconds * RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n))
    frequency_hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    low_hz, high_hz = _BANDS_HZ[word]
    spectrum[(frequency_hz < low_hz) | (frequency_hz > high_hz)] = 0
    wave = np.fft.irfft(spectrum, n)
    found: Samples = (wave * (level / wave.std())).clip(-32768, 32767).astype(np.int16)
    return found


def clip(word: str, seed: int = 0) -> Samples:
    """Return a second with the word in the middle of it."""
    spoken = tone_word(word, seed=seed)
    before = (RATE_HZ - len(spoken)) // 2
    return np.pad(spoken, (before, RATE_HZ - len(spoken) - before))


def write_clips(folder: Path, n_of: Mapping[str, int]) -> Path:
    """Write so many clips of each word in the layout of Speech Commands."""
    for word, n in n_of.items():
        (folder / word).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            soundfile.write(folder / word / f"{i}.wav", clip(word, seed=i), RATE_HZ)
    return folder


def write_recording(
    path: Path,
    words: Sequence[str] = (),
    seconds: float = 20.0,
    level: float = 8.0,
    word_level: float = 3000.0,
) -> Path:
    """Write a recording of a room, of some noise, in which words are said every two seconds."""
    audio = np.random.default_rng(9).standard_normal(int(seconds * RATE_HZ)) * level
    for i, word in enumerate(words):
        start = (2 * i + 1) * RATE_HZ
        spoken = tone_word(word, level=word_level, seed=100 + i)
        audio[start : start + len(spoken)] += spoken
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.clip(-32768, 32767).astype(np.int16), RATE_HZ)
    return path


def write_tone_model(path: Path, spec: ModelSpec = TONE_SPEC) -> Path:
    """Write a model that is surer of itself than the one of `tiny_models`."""
    matrix, bias = pitch(spec)
    return write_model(path, spec, weights=(matrix * np.float32(1.5), bias))


def tone_model(path: Path, spec: ModelSpec = TONE_SPEC) -> KeywordModel:
    """Write such a model and open it."""
    return load_model(ModelConfig(path=str(write_tone_model(path, spec))), RuntimeConfig())
