"""The gate in itself: levels, the noise floor, when it opens and closes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.activity import Gate
from edge_daemon.activity.floor import NoiseFloor
from edge_daemon.activity.gate import FLOOR_SPAN_MS
from edge_daemon.activity.level import QUIETEST_DBFS, VoiceLevel
from edge_daemon.config import ActivityConfig
from edge_daemon.evaluate.passages import to_int16
from edge_daemon.types import FrontendSpec, Samples

RATE_HZ = 16000
HOP = 1600
N_HOLD = 13
SPAN = FLOOR_SPAN_MS // 100
SPEC = FrontendSpec()


def tone(hz: float, dbfs: float, seconds: float = 0.1) -> Samples:
    """Return a sine whose root mean square is at a level."""
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    peak = np.sqrt(2.0) * 32768 * 10 ** (dbfs / 20)
    return to_int16((peak * np.sin(2 * np.pi * hz * t)).astype(np.float32))


def noise(dbfs: float, seconds: float, seed: int = 0) -> Samples:
    """Return white noise at a level."""
    wave = np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    return to_int16((wave * 32768 * 10 ** (dbfs / 20)).astype(np.float32))


def gate() -> Gate:
    """Return a gate of the defaults, with a hop of 100 ms."""
    return Gate(ActivityConfig(), SPEC, 100.0, N_HOLD, 20)


def heard(listening: Gate, audio: Samples) -> list[bool]:
    """Return for each hop whether it is worked on."""
    whole = len(audio) // HOP * HOP
    return [listening.hears(hop) for hop in audio[:whole].reshape(-1, HOP)]


def closed_in(dbfs: float) -> Gate:
    """Return a gate that has closed in a room."""
    listening = gate()
    assert not heard(listening, noise(dbfs, 11.0))[-1]
    return listening


def test_the_level_is_that_of_voices() -> None:
    """A tone in the middle of the band counts in full or more; hum and hiss hardly do."""
    levels = {hz: VoiceLevel(SPEC).push(tone(hz, -30.0)) for hz in (50, 400, 1000, 7900)}
    assert levels[1000] == pytest.approx(-30 + 6 - 1, abs=1.0)
    assert levels[400] > -36
    assert levels[50] < -44
    assert levels[7900] < -44


@pytest.mark.parametrize("value", [0, 1, -32768, 32767])
def test_what_never_changes_is_as_quiet_as_can_be(value: int) -> None:
    """A muted microphone, and one that only has an offset, have the least level."""
    assert VoiceLevel(SPEC).push(np.full(HOP, value, np.int16)) == QUIETEST_DBFS


def test_the_loudest_sound_has_a_level() -> None:
    """Nothing overflows between the ends of the scale."""
    square = np.tile(np.repeat(np.array([-32768, 32767], np.int16), 8), HOP // 16)
    assert 0 < VoiceLevel(SPEC).push(square) < 7


def test_a_click_is_no_level() -> None:
    """What is over within 30 ms does not count, what lasts for 60 ms does."""
    quiet = noise(-70, 0.1)
    click, vowel = quiet.copy(), quiet.copy()
    click[480:960] = tone(800, -20, 0.03)
    vowel[480:1440] = tone(800, -20, 0.06)
    level = VoiceLevel(SPEC)
    assert level.push(click) < -65
    assert level.push(vowel) > -25


@pytest.mark.parametrize("n", [160, 320, 800])
def test_short_hops_measure_the_same_span(n: int) -> None:
    """However short the hop, the level is nearly that of the newest 100 ms."""
    audio = np.concatenate([noise(-60, 0.3), tone(700, -30, 0.3)])
    whole, parts = VoiceLevel(SPEC), VoiceLevel(SPEC)
    for hop in audio.reshape(-1, HOP):
        expected = whole.push(hop)
        levels = [parts.push(part) for part in hop.reshape(-1, n)]
        assert levels[-1] == pytest.approx(expected, abs=1.5)


@pytest.mark.parametrize(
    "spec",
    [
        FrontendSpec(sample_rate_hz=8000, win_length=240, hop_length=80, n_fft=256),
        FrontendSpec(sample_rate_hz=22050, hop_length=221, f_max_hz=8000),
        FrontendSpec(hop_length=256, n_fft=1024, win_length=640),
    ],
)
def test_other_front_ends(spec: FrontendSpec) -> None:
    """Other rates and frames give nearly the same level for the same tone."""
    n = 10 * spec.hop_length
    t = np.arange(n) / spec.sample_rate_hz
    wave = np.rint(3000 * np.sin(2 * np.pi * 800 * t)).astype(np.int16)
    same = np.rint(3000 * np.sin(2 * np.pi * 800 * np.arange(HOP) / RATE_HZ)).astype(np.int16)
    assert VoiceLevel(spec).push(wave) == pytest.approx(VoiceLevel(SPEC).push(same), abs=2.0)


def test_the_floor_is_not_lifted_by_what_pauses() -> None:
    """Three minutes of levels with pauses in an eighth of them leave it with the pauses."""
    floor = NoiseFloor(SPAN)
    floors = [floor.push(x) for x in ([-30.0] * 7 + [-60.0]) * 225]
    assert set(floors[SPAN:]) == {-60.0}


@given(levels=st.lists(st.floats(-80, 0, width=32), min_size=1, max_size=300))
@settings(max_examples=50, deadline=None)
def test_the_floor_is_a_level_that_was_heard(levels: list[float]) -> None:
    """It is one of the newest levels, and at most a tenth of them are below it."""
    floor = NoiseFloor(40)
    for n in range(1, len(levels) + 1):
        found = floor.push(levels[n - 1])
        newest = levels[max(0, n - 40) : n]
        assert found in newest
        assert sum(x < found for x in newest) <= 0.1 * len(newest)


def test_it_is_open_until_the_room_is_known() -> None:
    """The first eight seconds are worked on whatever is in them; then silence closes it."""
    is_open = heard(gate(), noise(-60, 12.0))
    assert is_open.index(False) == SPAN + N_HOLD - 2
    assert not any(is_open[SPAN + N_HOLD :])


@pytest.mark.parametrize("room_dbfs", [-200.0, -75.0, -60.0, -40.0])
def test_a_word_opens_it_at_once(room_dbfs: float) -> None:
    """A tenth of a second that is above the room is worked on, and so is the time after it."""
    listening = closed_in(room_dbfs)
    audio = np.concatenate([tone(600, max(room_dbfs, -75) + 12), noise(room_dbfs, 3.0)])
    is_open = heard(listening, audio)
    assert is_open[:N_HOLD] == [True] * N_HOLD
    assert not any(is_open[N_HOLD + 1 :])
    assert listening.figures.openings == 1


def test_a_fan_that_starts_is_a_floor_within_seconds() -> None:
    """It opens at once, and closes when the noise has filled the span of the floor."""
    listening = closed_in(-65.0)
    is_open = heard(listening, noise(-35.0, 20.0, seed=1))
    assert all(is_open[:20])
    assert not any(is_open[SPAN + N_HOLD + 1 :])
    assert listening.figures.floor_dbfs == pytest.approx(-35 - 4, abs=2)


@pytest.mark.parametrize("pause_s", [0.0, 0.3, 0.6, 1.0])
def test_a_fan_that_stops_covers_no_word(pause_s: float) -> None:
    """From then on what is softer than the fan was is heard, though the floor falls later."""
    listening = closed_in(-35.0)
    audio = np.concatenate([noise(-65.0, pause_s), tone(600, -50, 0.4), noise(-65.0, 4.0)])
    is_open = heard(listening, audio)
    n_until_known = round(10 * pause_s) + 4 + N_HOLD - 1
    assert all(is_open[:n_until_known])
    assert not is_open[-1]


def test_noise_that_rises_slowly_does_not_open_it() -> None:
    """A quarter of a decibel a second, for a minute, is the room."""
    listening = closed_in(-65.0)
    wave = noise(0.0, 60.0, seed=2) / 4 * 10 ** (np.linspace(-53.0, -38.0, 60 * RATE_HZ) / 20)
    assert not any(heard(listening, wave.astype(np.int16)))


def test_it_does_not_close_on_talk() -> None:
    """Three minutes of syllables with a short pause each second, as in the news."""
    second = np.concatenate([*(tone(300 + 90 * i, -28 + i % 3, 0.22) for i in range(4)),
                             noise(-55.0, 0.12)])  # fmt: skip
    assert all(heard(gate(), np.tile(second, 180)))


def test_muting_and_unmuting() -> None:
    """Zeros are heard and then known, and so is the room that comes back."""
    listening = closed_in(-55.0)
    is_open = heard(listening, np.zeros(20 * RATE_HZ, np.int16))
    assert is_open[0]
    assert not any(is_open[SPAN // 10 + N_HOLD :])
    assert listening.figures.floor_dbfs == QUIETEST_DBFS
    is_open = heard(listening, noise(-55.0, 12.0, seed=3))
    assert is_open[0]
    assert not is_open[-1]


def test_what_is_awaited_keeps_it_open() -> None:
    """As long as something said is not decided it does not close; it does not open either."""
    listening = gate()
    room = noise(-60, 12.0).reshape(-1, HOP)
    assert {listening.hears(hop, is_awaited=True) for hop in room} == {True}
    assert [listening.hears(hop) for hop in room[:2]] == [False, False]
    assert not listening.hears(room[0], is_awaited=True)


@given(n_skipped=st.integers(0, 60), n_scored=st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_looks_back_on_the_newest(n_skipped: int, n_scored: int) -> None:
    """The newest twenty skipped hops come back in order, once; those scored count no more."""
    listening = gate()
    for i in range(n_skipped):
        listening.skip(np.full(HOP, i, np.int16))
    hops, are_cut = listening.look_back(n_scored)
    assert [int(hop[0]) for hop in hops] == list(range(n_skipped))[-20:]
    assert are_cut == (n_skipped > 20)
    assert listening.figures.skipped == n_skipped - min(n_scored, n_skipped)
    assert listening.look_back(n_scored) == ([], False)


def test_counts_last_longer_than_a_stream() -> None:
    """A new stream begins open and in an unknown room; what was counted stays."""
    listening = closed_in(-60.0)
    before = listening.figures
    listening.reset()
    assert heard(listening, noise(-30.0, 5.0))[-1]
    assert listening.figures.hops == before.hops + 50
    assert listening.figures.skipped_share == 0.0
