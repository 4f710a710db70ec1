"""When a microphone's samples were captured, from what PortAudio says of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from edge_daemon.audio.microphone import MOST_DELAY_S, newest_captured_s

NOW_S = 5000.0
LENGTH_S = 0.05


def _captured_s(adc_s: float, current_s: float) -> float:
    times = SimpleNamespace(inputBufferAdcTime=adc_s, currentTime=current_s)
    return newest_captured_s(NOW_S, times, LENGTH_S)


def test_the_delay_that_portaudio_gives_is_taken_off() -> None:
    """A buffer of 50 ms whose first sample is 80 ms old ends 30 ms ago, whatever the clock."""
    for start_s in (10.0, 1e6):
        assert _captured_s(start_s, start_s + 0.08) == pytest.approx(NOW_S - 0.03)


def test_no_sample_comes_from_the_future() -> None:
    """A buffer whose first sample is said to be younger than the buffer is long ends now."""
    assert _captured_s(10.0, 10.02) == NOW_S


@pytest.mark.parametrize(
    ("adc_s", "current_s"),
    [
        (0.0, 0.0),
        (0.0, 10.0),
        (10.0, 0.0),
        (-10.0, -9.9),
        (10.1, 10.0),
        (10.0, 10.0 + 2 * MOST_DELAY_S),
        (float("nan"), 10.0),
        (10.0, float("inf")),
    ],
)
def test_nonsense_is_the_time_of_the_callback(adc_s: float, current_s: float) -> None:
    """Times that are missing, the wrong way round or far apart are left out of account."""
    assert _captured_s(adc_s, current_s) == NOW_S
