"""Noise at a ratio that can be measured in what comes out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.evaluate.noise import SPEECH_DBFS, NoiseBed
from edge_daemon.evaluate.passages import Layout, Passage
from edge_daemon.types import Samples
from tests.tone_words import RATE_HZ
from tests.unit.evaluate.test_passages import WAKES, WORDS

STEADY = (np.random.default_rng(2).standard_normal(3 * RATE_HZ) * 700).astype(np.int16)
BARK = np.pad(STEADY[: RATE_HZ // 2], (0, 4 * RATE_HZ))
"""Half a second of noise in four of silence."""


def passages() -> list[Passage]:
    """Return words and sequences."""
    layout = Layout(RATE_HZ, 3)
    return [*layout.words(WORDS), *layout.sequences(WORDS, [WAKES] * len(WORDS))]


def level_db(samples: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return a level in decibels below full scale."""
    return float(20 * np.log10(np.sqrt(np.mean(samples**2)) / 32768))


def ratio_db(clean: Passage, noisy: Passage) -> float:
    """Measure speech against noise where somebody speaks, from what comes out."""
    assert clean.speech is not None
    spoken = slice(clean.speech.start, clean.speech.end)
    gain = 32768 * 10 ** (SPEECH_DBFS / 20) / clean.speech.level
    noise = noisy.samples.astype(float) - gain * clean.samples.astype(float)
    return SPEECH_DBFS - level_db(noise[spoken])


@pytest.mark.parametrize("noise", [STEADY, BARK], ids=["steady", "bark"])
@given(snr_db=st.floats(0.0, 30.0))
@settings(max_examples=10, deadline=None)
def test_the_ratio_is_the_one_asked_for(noise: Samples, snr_db: float) -> None:
    """Of every utterance, whatever the noise; also of a wake word with its command."""
    clean = passages()
    noisy = list(NoiseBed([noise], RATE_HZ, 1).under(clean, snr_db))
    found = [ratio_db(c, n) for c, n in zip(clean, noisy, strict=True)]
    assert found == pytest.approx([snr_db] * len(clean), abs=0.3)


def test_steady_noise_stays_as_loud_as_it_is() -> None:
    """From one utterance to the next a room does not change, however loud their clips are."""
    quiet = [*WORDS, *WAKES]  # 3000 and 500 steps
    clean = list(Layout(RATE_HZ, 3).words(quiet))
    noisy = NoiseBed([STEADY], RATE_HZ, 1).under(clean, 10.0)
    levels = [level_db(p.samples[2000:8000].astype(float)) for p in noisy]
    assert np.ptp(levels) < 1.5


def test_ratios_differ_in_level_alone() -> None:
    """The same seed draws the same noise for every ratio."""
    bed = NoiseBed([STEADY, STEADY[::-1].copy()], RATE_HZ, 5)
    clean = passages()
    pauses = [
        np.concatenate([p.samples[1000:9000] for p in bed.under(clean, snr_db)]).astype(float)
        for snr_db in (0.0, 10.0)
    ]
    assert np.corrcoef(pauses[0], pauses[1])[0, 1] > 0.999


def test_what_says_nothing_is_left_as_it_is() -> None:
    """A pause has nothing to measure noise against."""
    pause = Passage(np.zeros(1000, np.int16))
    assert list(NoiseBed([STEADY], RATE_HZ, 1).under([pause], 5.0)) == [pause]


def test_silent_recordings_are_no_noise() -> None:
    """They cannot be brought to any level."""
    assert len(NoiseBed([np.zeros(100, np.int16), STEADY], RATE_HZ, 1)) == 1
