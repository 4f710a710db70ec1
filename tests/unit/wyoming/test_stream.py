"""One client's audio through its pipeline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.config import Config
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Samples
from edge_daemon.wyoming.samples import Format
from edge_daemon.wyoming.stream import Stream
from tests.tone_words import RATE_HZ, tone_model, tone_word

MONO = Format(RATE_HZ, 2, 1)
SPOKEN = np.concatenate(
    [np.zeros(RATE_HZ, np.int16), tone_word("high"), np.zeros(RATE_HZ // 2, np.int16)]
)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    """Return a stream of a model of tones."""
    model = tone_model(tmp_path_factory.mktemp("model") / "tones.onnx")
    return Stream(Pipeline(Config(), model))


def heard(stream: Stream, audio: bytes, layout: Format, n_bytes: int = 1 << 20) -> list[str]:
    """Return the words in a stream that comes in chunks of so many bytes."""
    stream.begin()
    found = []
    for start in range(0, len(audio), n_bytes):
        found += stream.push(audio[start : start + n_bytes], layout)
    return [d.label for d in [*found, *stream.end()]]


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 9000))
def test_chunks_may_have_any_length(stream: Stream, n_samples: int) -> None:
    """However the audio is cut into chunks, the same word is heard."""
    assert heard(stream, SPOKEN.tobytes(), MONO, 2 * n_samples) == ["high"]


def resampled(samples: Samples, rate_hz: int) -> Samples:
    """Return the samples at a multiple of their rate, or at a fraction of it."""
    if rate_hz < RATE_HZ:
        return samples[:: RATE_HZ // rate_hz]
    n = rate_hz // RATE_HZ
    spread = np.interp(np.arange(len(samples) * n) / n, np.arange(len(samples)), samples)
    return spread.astype(np.int16)


@pytest.mark.parametrize(("rate_hz", "n_channels"), [(8000, 1), (48000, 2), (32000, 1)])
def test_other_rates_and_channels(stream: Stream, rate_hz: int, n_channels: int) -> None:
    """Audio at another rate, with more channels, is heard as what it is."""
    frames = np.repeat(resampled(SPOKEN, rate_hz)[:, np.newaxis], n_channels, axis=1)
    assert heard(stream, frames.tobytes(), Format(rate_hz, 2, n_channels)) == ["high"]


def test_format_may_change(stream: Stream) -> None:
    """A client may go on in another format; each part is heard."""
    stream.begin()
    found = stream.push(SPOKEN.tobytes(), MONO)
    stereo = np.repeat(SPOKEN[:, np.newaxis], 2, axis=1).tobytes()
    found += stream.push(stereo, Format(RATE_HZ, 2, 2))
    assert [d.label for d in [*found, *stream.end()]] == ["high", "high"]


def test_new_stream_remembers_nothing(stream: Stream) -> None:
    """Half a word before a new start, and the other half after it, are no word."""
    middle = RATE_HZ + len(tone_word("high")) // 2
    stream.begin()
    assert stream.push(SPOKEN[: middle - 1600].tobytes(), MONO) == []
    stream.begin()
    assert [d.label for d in stream.push(SPOKEN.tobytes(), MONO)] == ["high"]
