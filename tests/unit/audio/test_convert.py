"""Any rate and channels become mono at the model's rate."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.audio.channels import Channel, check_channel, to_mono
from edge_daemon.audio.convert import Converter
from edge_daemon.audio.resample import Resampler
from edge_daemon.errors import AudioError
from edge_daemon.types import Samples


def _tone(rate_hz: int, seconds: float, hz: float, peak: float = 10000) -> Samples:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    return np.rint(peak * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def _resampled(samples: Samples, from_hz: int, to_hz: int, cuts: list[int]) -> Samples:
    resampler = Resampler(from_hz, to_hz)
    parts = [resampler.push(part) for part in np.split(samples, sorted(cuts))]
    return np.concatenate([*parts, resampler.flush()])


@pytest.mark.parametrize("from_hz", [8000, 11025, 22050, 32000, 44100, 48000, 96000])
def test_a_tone_keeps_its_place_and_length(from_hz: int) -> None:
    """A resampled tone is the tone at the other rate, sample for sample, without delay."""
    out = _resampled(_tone(from_hz, 1.0, 440.0), from_hz, 16000, cuts=[])
    assert len(out) == 16000
    expected = _tone(16000, 1.0, 440.0)
    assert np.abs(out[500:-500].astype(int) - expected[500:-500]).max() <= 3


@given(
    from_hz=st.sampled_from([8000, 44100, 48000]),
    cuts=st.lists(st.integers(0, 8000), max_size=20),
)
@settings(max_examples=40, deadline=None)
def test_resampling_does_not_depend_on_the_blocks(from_hz: int, cuts: list[int]) -> None:
    """However the input is cut, every output sample is the same."""
    samples = np.random.default_rng(1).integers(-32768, 32768, 8000).astype(np.int16)
    whole = _resampled(samples, from_hz, 16000, cuts=[])
    np.testing.assert_array_equal(_resampled(samples, from_hz, 16000, cuts), whole)


def test_what_is_above_the_new_band_does_not_fold_back() -> None:
    """A tone of 12 kHz is gone at 16 kHz instead of sounding as 4 kHz."""
    out = _resampled(_tone(48000, 1.0, 12000.0), 48000, 16000, cuts=[])
    assert np.abs(out[500:-500]).max() <= 2


def test_full_scale_clips_and_does_not_wrap() -> None:
    """A square wave at full scale overshoots in the filter; the sign never turns."""
    square = np.where(_tone(48000, 0.5, 100.0) >= 0, 32767, -32768).astype(np.int16)
    out = _resampled(square, 48000, 16000, cuts=[])
    middle = out[80:-80].reshape(-1, 80)[:, 20:60]
    assert (np.sign(middle) == np.sign(middle[:, :1])).all()
    assert np.abs(middle.astype(int)).min() > 30000


def test_delay_is_the_time_of_what_has_not_come_out() -> None:
    """Samples in, less samples out, is the delay; equal rates have none."""
    resampler = Resampler(48000, 16000)
    out = resampler.push(np.zeros(48000, np.int16))
    assert resampler.delay_s == pytest.approx((16000 - len(out)) / 16000, abs=1e-3)
    assert resampler.delay_s < 0.05
    assert Resampler(16000, 16000).delay_s == 0.0


def test_equal_rates_pass_through_without_soxr() -> None:
    """At the model's rate the samples are untouched and soxr is not even loaded."""
    code = (
        "import sys, numpy as np\n"
        "from edge_daemon.audio.convert import Converter\n"
        "x = np.arange(-50, 50, dtype=np.int16)[:, None]\n"
        "c = Converter(16000, 1, 'mean', 16000)\n"
        "assert (c.push(x) == x[:, 0]).all() and len(c.flush()) == 0\n"
        "assert 'soxr' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@given(
    frames=st.lists(
        st.lists(st.integers(-32768, 32767), min_size=3, max_size=3), min_size=1, max_size=20
    )
)
def test_mean_does_not_overflow(frames: list[list[int]]) -> None:
    """The mean of int16 channels is the rounded mean of the numbers."""
    mono = to_mono(np.array(frames, np.int16), "mean")
    assert mono.dtype == np.int16
    assert np.abs(mono - np.mean(frames, axis=1)).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(("channel", "expected"), [(0, [1, 4]), (2, [3, 6]), ("mean", [2, 5])])
def test_a_channel_or_the_mean(channel: Channel, expected: list[int]) -> None:
    """The channel that was asked for is the one that is heard."""
    frames = np.array([[1, 2, 3], [4, 5, 6]], np.int16)
    assert to_mono(frames, channel).tolist() == expected


def test_a_channel_that_is_not_there_is_refused() -> None:
    """The message names the channels that there are, and the setting."""
    with pytest.raises(AudioError, match=r"x\.wav: has channels 0 to 1, but audio\.channel is 2"):
        check_channel(2, 2, "x.wav")
    with pytest.raises(AudioError, match="only channel 0"):
        check_channel(1, 1, "x.wav")
    check_channel("mean", 1, "x.wav")


def test_description_says_what_is_converted() -> None:
    """The log shows rate, channels and whether it is resampled."""
    assert Converter(16000, 1, "mean", 16000).description == "16000 Hz, mono"
    assert (
        Converter(48000, 2, "mean", 16000).description
        == "48000 Hz, mean of 2 channels, resampled to 16000 Hz"
    )
    assert Converter(16000, 6, 0, 16000).description == "16000 Hz, channel 0 of 6"


def test_count_translates_frames_into_samples() -> None:
    """A loss at 48 kHz is reported in samples of 16 kHz."""
    assert Converter(48000, 1, "mean", 16000).count(4800) == 1600
