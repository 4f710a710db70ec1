"""Audio of any format, as samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_daemon.audio.channels import Frames
from edge_daemon.wyoming.reading import BadEvent
from edge_daemon.wyoming.samples import Format, format_of, frames_of

FRAMES = arrays.arrays(
    np.int16, st.tuples(st.integers(0, 20), st.integers(1, 4)), elements=st.integers(-32768, 32767)
)


def packed(frames: Frames, width_bytes: int) -> bytes:
    """Return the same samples as wider ones, little-endian."""
    wide = frames.astype("<i8") << (8 * (width_bytes - 2))
    return wide.reshape(-1, 1).view(np.uint8)[:, :width_bytes].tobytes()


@given(FRAMES, st.sampled_from([2, 3, 4]))
def test_wider_samples_lose_nothing_of_16_bits(frames: Frames, width_bytes: int) -> None:
    """Samples of 16, 24 and 32 bits give the same frames, whatever the channels."""
    layout = Format(16000, width_bytes, frames.shape[1])
    found = frames_of(packed(frames, width_bytes), layout)
    assert found.dtype == np.int16
    assert np.array_equal(found, frames)


def test_8_bits_are_unsigned() -> None:
    """A sample of one byte is silent at 128."""
    assert frames_of(bytes([0, 128, 255]), Format(8000, 1, 1)).tolist() == [[-32768], [0], [32512]]


@given(st.integers(1, 4), st.integers(1, 8), st.integers(0, 99))
def test_half_a_frame_is_refused(width_bytes: int, n_channels: int, n_bytes: int) -> None:
    """Audio is a whole number of frames, or is refused."""
    layout = Format(16000, width_bytes, n_channels)
    if n_bytes % layout.frame_bytes == 0:
        assert len(frames_of(bytes(n_bytes), layout)) * layout.frame_bytes == n_bytes
    else:
        with pytest.raises(BadEvent, match="no multiple"):
            frames_of(bytes(n_bytes), layout)


@pytest.mark.parametrize("key", ["rate", "width", "channels"])
@pytest.mark.parametrize("value", [None, 0, -1, 1 << 40, "16000", 1.5, [], float("nan")])
def test_formats_out_of_bounds_are_refused(key: str, value: Any) -> None:
    """A format that is no number within bounds is refused by name, whatever JSON holds there."""
    good = {"rate": 16000, "width": 2, "channels": 1}
    assert format_of(good) == Format(16000, 2, 1)
    with pytest.raises(BadEvent, match=key):
        format_of({**good, key: value})
