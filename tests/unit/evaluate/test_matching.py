"""Which detection is of which word."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.evaluate.listening import SaidAt
from edge_daemon.evaluate.matching import match
from edge_daemon.evaluate.sweep import hits_of
from edge_daemon.types import Detection


def said(label: str, start_s: float, after: str | None = None) -> SaidAt:
    """Return a word that takes a second."""
    return SaidAt(label, start_s, start_s + 1.0, start_s + 0.7, after)


def detection(label: str, time_s: float, after: str | None = None) -> Detection:
    """Return a detection."""
    return Detection(label, 0.9, time_s, after)


def test_a_detection_in_time_is_a_hit() -> None:
    """From the beginning of the clip to `late_s` after its end, the ends included."""
    for time_s, is_hit in ((4.9, False), (5.0, True), (7.0, True), (7.1, False)):
        result = match([said("go", 5.0)], [detection("go", time_s)], late_s=1.0)
        assert (len(result.heard), len(result.missed), len(result.wrong)) == (
            (1, 0, 0) if is_hit else (0, 1, 1)
        )


def test_another_word_is_wrong() -> None:
    """What was not said is neither a hit nor forgotten."""
    result = match([said("go", 5.0)], [detection("no", 5.5)], late_s=1.0)
    assert [w.label for w in result.missed] == ["go"]
    assert [d.label for d in result.wrong] == ["no"]


def test_a_second_detection_is_wrong() -> None:
    """A word said once is a hit once."""
    result = match([said("go", 5.0)], [detection("go", 5.4), detection("go", 6.4)], late_s=1.0)
    assert [d.time_s for _, d in result.heard] == [5.4]
    assert [d.time_s for d in result.wrong] == [6.4]


def test_a_word_after_the_wrong_wake_word_is_missed() -> None:
    """A sequence is heard as a whole or not at all."""
    words = [said("wake", 3.0), said("go", 5.0, after="wake")]
    heard = match(words, [detection("wake", 3.5), detection("go", 5.5, "wake")], 1.0)
    assert len(heard.heard) == 2
    for after in (None, "other"):
        result = match(words, [detection("wake", 3.5), detection("go", 5.5, after)], 1.0)
        assert [w.label for w in result.missed] == ["go"]
        assert [d.label for d in result.wrong] == ["go"]


@given(
    gaps=st.lists(st.floats(0.5, 4.0), max_size=12),
    times=st.lists(st.floats(0.0, 40.0), max_size=25),
)
def test_hits_are_counted_alike(gaps: list[float], times: list[float]) -> None:
    """The sweep's count of hits is that of the match."""
    starts_s = [sum(gaps[: i + 1]) for i in range(len(gaps))]
    words = [said("go", s) for s in starts_s]
    expected = match(words, [detection("go", t) for t in times], late_s=1.0)
    ends_s = np.array([w.end_s + 1.0 for w in words])
    assert hits_of(np.sort(times), np.array(starts_s), ends_s) == len(expected.heard)
    assert len(expected.heard) + len(expected.missed) == len(words)
    assert len(expected.heard) + len(expected.wrong) == len(times)
