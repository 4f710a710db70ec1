"""The audio that is heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon.benchmark.audio import RATE_HZ, Playing, Recording
from edge_daemon.errors import AudioError


def test_what_is_made_is_the_same_everywhere() -> None:
    """Two results are of the same audio, whatever machines they are from."""
    audio = Recording(None).audio
    assert audio == Recording(None).audio
    assert audio.sha256 == ("7ec041594e21c3b0d0cf4a57336a3987cdef82287edeb6728cb7958c100cd4b2")


def test_a_recording_is_repeated(tmp_path: Path) -> None:
    """As often as it takes, at 16 kHz, whatever its own rate."""
    samples = np.arange(-4000, 4000, dtype=np.int16)
    soundfile.write(tmp_path / "a.flac", samples, RATE_HZ)
    recording = Recording(tmp_path / "a.flac")
    written, rate_hz = soundfile.read(recording.write(tmp_path / "b.wav", 1.25, 0.1), dtype="int16")
    assert rate_hz == RATE_HZ
    assert np.array_equal(written, np.resize(samples, 21600)[1600:])
    assert recording.audio.seconds == 0.5


def test_each_round_hears_the_next_part(tmp_path: Path) -> None:
    """At real-time pace the rounds follow each other; at once they hear the same."""
    samples = np.arange(16000, dtype=np.int16)
    soundfile.write(tmp_path / "a.wav", samples, RATE_HZ)
    playing = Playing(Recording(tmp_path / "a.wav"), tmp_path, 0.5, 0.25)
    parts = [soundfile.read(playing.of("realtime", n)[0], dtype="int16")[0] for n in (1, 2, 3)]
    assert np.array_equal(np.concatenate(parts), samples[:12000])
    assert playing.of("fast", 1) == playing.of("fast", 2) == (tmp_path / "fast.wav", 0.5)


def test_what_cannot_be_heard_is_refused(tmp_path: Path) -> None:
    """A file that is none, and one too short for a hop."""
    short = tmp_path / "short.wav"
    soundfile.write(short, np.zeros(10, np.int16), RATE_HZ)
    for path in (short, tmp_path / "none.wav"):
        with pytest.raises(AudioError, match=path.name):
            Recording(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As on a full disk."""
    with pytest.raises(AudioError, match="cannot be written"):
        Recording(None).write(tmp_path / "no folder" / "a.wav", 1.0)
