"""Long audio: what is laid out, where, and over what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon.evaluate.files import AudioFile
from edge_daemon.evaluate.passages import GAP_S, PAUSE_S, ROOM_LEVEL, Layout, Passage
from edge_daemon.evaluate.spoken import spoken_part
from edge_daemon.evaluate.utterances import Utterance
from edge_daemon.types import Samples
from tests.tone_words import RATE_HZ, WORD_S, clip, tone_word

SECOND = RATE_HZ


def utterance(word: str, seed: int = 0, level: float = 3000.0) -> Utterance:
    """Return a clip as it is read."""
    samples = np.pad(tone_word(word, level=level, seed=seed), (4000, 5600))
    spoken = spoken_part(samples, RATE_HZ)
    assert spoken is not None
    return Utterance(word, samples, spoken)


WORDS = [utterance("high", seed) for seed in range(6)]
WAKES = [utterance("low", seed, level=500.0) for seed in range(3)]


def joined(passages: list[Passage]) -> Samples:
    """Return the whole stream."""
    return np.concatenate([p.samples for p in passages])


def test_the_same_seed_gives_the_same_stream() -> None:
    """Pauses, order and the room come from the seed alone."""
    first, again, other = (joined(list(Layout(RATE_HZ, s).words(WORDS))) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first[:9000], other[:9000])


def test_words_lie_where_it_is_said() -> None:
    """After each pause comes the clip; its word ends where the voice does."""
    for passage in Layout(RATE_HZ, 1).words(WORDS):
        [said] = passage.said
        assert PAUSE_S[0] <= said.start / RATE_HZ <= PAUSE_S[1]
        assert said.end == len(passage.samples) == passage.counted
        assert said.word_end - said.start == pytest.approx(4000 + WORD_S * SECOND, abs=800)
        quiet = passage.samples[: said.start].astype(float)
        assert quiet.std() == pytest.approx(ROOM_LEVEL, rel=0.05)
        assert passage.speech is not None
        voice = passage.samples[passage.speech.start : passage.speech.end].astype(float)
        assert voice.std() == pytest.approx(3000, rel=0.1)


def test_every_word_is_laid_out_once() -> None:
    """Nothing is left out, nothing comes twice."""
    mixed = [*WORDS, *WAKES]
    labels = [p.said[0].label for p in Layout(RATE_HZ, 4).words(mixed)]
    assert sorted(labels) == sorted(u.label for u in mixed)


def test_a_sequence_is_one_person_speaking() -> None:
    """The wake word ends a gap before the word begins, and is as loud as the word."""
    passages = list(Layout(RATE_HZ, 1).sequences(WORDS, [WAKES] * len(WORDS)))
    gaps_s = []
    for passage in passages:
        wake, word = passage.said
        assert (wake.label, word.label, word.after) == ("low", "high", "low")
        assert wake.word_end == wake.end
        assert word.word_end - word.start == pytest.approx(WORD_S * SECOND, abs=800)
        gaps_s.append((word.start - wake.end) / RATE_HZ)
        called = passage.samples[wake.start : wake.end].astype(float)
        assert called.std() == pytest.approx(3000, rel=0.1)
        assert passage.speech is not None
        assert (passage.speech.start, passage.speech.end) == (wake.start, word.word_end)
    assert all(GAP_S[0] - 0.001 <= gap_s <= GAP_S[1] for gap_s in gaps_s)
    assert np.ptp(gaps_s) > 0.2


def test_wake_words_take_turns() -> None:
    """Every wake word comes as often as the others."""
    both = [utterance("low"), utterance("mid")]
    passages = Layout(RATE_HZ, 1).sequences(WORDS, [both] * len(WORDS))
    wakes = [p.said[0].label for p in passages]
    assert wakes == ["low", "mid"] * 3


def test_recordings_count_without_the_pauses(tmp_path: Path) -> None:
    """Whatever the rate and the channels, hours are those of the recordings."""
    files = []
    for i, rate_hz in enumerate((16000, 48000)):
        path = tmp_path / f"{i}.wav"
        soundfile.write(path, np.zeros((25 * rate_hz, 1 + i), np.int16), rate_hz)
        files.append(AudioFile(path.name, path))
    damaged: list[str] = []
    passages = list(Layout(RATE_HZ, 1).recordings(files, damaged))
    assert damaged == []
    assert sum(p.counted for p in passages) == 2 * 25 * SECOND
    pauses = len(joined(passages)) / SECOND - 2 * 25
    assert 2 * PAUSE_S[0] <= pauses <= 2 * PAUSE_S[1]
    assert max(len(p.samples) for p in passages) <= 11 * SECOND  # never a file as a whole
    assert not any(p.said for p in passages)


def test_damaged_recordings_are_named(tmp_path: Path) -> None:
    """What cannot be read is left out, and the others go on."""
    sound, bad = tmp_path / "sound.wav", tmp_path / "bad.wav"
    soundfile.write(sound, clip("low"), RATE_HZ)
    bad.write_text("text")
    damaged: list[str] = []
    files = [AudioFile(p.name, p) for p in (bad, sound)]
    passages = list(Layout(RATE_HZ, 1).recordings(files, damaged))
    assert sum(p.counted for p in passages) == SECOND
    assert len(damaged) == 1
    assert "bad.wav: not an audio file" in damaged[0]
