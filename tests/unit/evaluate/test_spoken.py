"""Where the word is in a clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.evaluate.spoken import spoken_part
from edge_daemon.types import Samples
from tests.tone_words import RATE_HZ, tone_word

FRAME_S = 0.025


def in_room(word: Samples, before_s: float, after_s: float, room: float = 8.0) -> Samples:
    """Return a word with pauses around it in a room of some noise."""
    audio = np.pad(word, (int(before_s * RATE_HZ), int(after_s * RATE_HZ))).astype(np.float32)
    audio += np.random.default_rng(1).standard_normal(len(audio)) * room
    return audio.clip(-32768, 32767).astype(np.int16)


@given(
    before_s=st.floats(0.1, 1.5), after_s=st.floats(0.1, 1.5), seconds=st.floats(0.15, 0.8),
    level=st.floats(400, 6000), word=st.sampled_from(["low", "mid", "high"]),
)  # fmt: skip
@settings(deadline=None)
def test_a_word_in_a_quiet_room(
    before_s: float, after_s: float, seconds: float, level: float, word: str
) -> None:
    """Beginning and end are found to a frame, the level to two decibels."""
    clip = in_room(tone_word(word, seconds, level), before_s, after_s)
    found = spoken_part(clip, RATE_HZ)
    assert found is not None
    assert found.start / RATE_HZ == pytest.approx(before_s, abs=2 * FRAME_S)
    assert found.end / RATE_HZ == pytest.approx(before_s + seconds, abs=2 * FRAME_S)
    assert 20 * np.log10(found.level / level) == pytest.approx(0.0, abs=2.0)
    assert 0 <= found.start < found.end <= len(clip)


@pytest.mark.parametrize("clip", [np.zeros(0, np.int16), np.zeros(16000, np.int16)])
def test_no_sound_is_no_word(clip: Samples) -> None:
    """An empty clip and digital silence hold no word."""
    assert spoken_part(clip, RATE_HZ) is None


@pytest.mark.parametrize("n", [1, 100, 399, 400, 401])
def test_clips_shorter_than_a_frame(n: int) -> None:
    """What is shorter than the measure is one word from end to end."""
    found = spoken_part(np.full(n, 900, np.int16), RATE_HZ)
    assert found is not None
    assert (found.start, found.end) == (0, n)
    assert found.level == pytest.approx(900)


def test_a_click_after_the_word_is_not_its_end() -> None:
    """The word is where it is loudest; what comes half a second later is something else."""
    clip = in_room(tone_word("low"), 0.3, 1.0)
    clip[int(1.4 * RATE_HZ) :][:300] = 2000
    found = spoken_part(clip, RATE_HZ)
    assert found is not None
    assert found.end / RATE_HZ == pytest.approx(0.7, abs=2 * FRAME_S)


def test_a_stop_within_the_word_is_no_end() -> None:
    """A tenth of a second of silence, as before the t of "eight", is bridged."""
    word = np.concatenate([tone_word("low", 0.3), np.zeros(1600, np.int16), tone_word("high", 0.1)])
    found = spoken_part(in_room(word, 0.2, 0.5), RATE_HZ)
    assert found is not None
    assert found.end / RATE_HZ == pytest.approx(0.7, abs=2 * FRAME_S)
