"""Hours of audio: words, made noise and quiet in turn, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np

from edge_daemon.types import Samples
from make_mixed_audio import mixed
from tests.integration.command_line import RATE_HZ, demo_samples

TURN_S = 10.0
_MIXED_S = 600.0
_KINDS = ("talk", "noise", "talk", "quiet")


def audio(seed: int, hours: float, speech: Path | None = None) -> Iterator[Samples]:
    """Yield so much audio, some seconds at a time.

    speech : the folder of recordings that make_mixed_audio.py takes; without it the demo clip
    """
    left = round(hours * 3600 * RATE_HZ)
    for turn in recorded_turns(speech) if speech else made_turns(seed):
        yield turn[:left]
        left -= len(turn)
        if left <= 0:
            return


def recorded_turns(speech: Path) -> Iterator[Samples]:
    """Yield ten minutes of talk, noise and quiet, again and again."""
    whole = mixed(speech, ["talk", "noise", "quiet"], _MIXED_S)
    n = round(TURN_S * RATE_HZ)
    return cycle([whole[i : i + n] for i in range(0, len(whole), n)])


def made_turns(seed: int) -> Iterator[Samples]:
    """Yield pieces of the demo clip at any level, noise of any colour and level, and quiet."""
    rng = np.random.default_rng(seed)
    clip = demo_samples()
    for kind in cycle(_KINDS):
        n = round(TURN_S * RATE_HZ)
        turn = _noise(rng, n, level=3.0 if kind != "noise" else 10 ** rng.uniform(1.5, 4))
        if kind == "talk":
            start = int(rng.integers(0, len(clip) - n))
            turn += clip[start : start + n] * rng.uniform(0.1, 1.0)
        yield turn.clip(-32768, 32767).astype(np.int16)


def _noise(
    rng: np.random.Generator, n: int, level: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    spectrum = np.fft.rfft(rng.standard_normal(n))
    bins = np.arange(1, len(spectrum) + 1)
    colored = np.fft.irfft(spectrum / bins ** rng.uniform(0.0, 1.0), n)
    return np.asarray(colored * (level / colored.std()), np.float64)
