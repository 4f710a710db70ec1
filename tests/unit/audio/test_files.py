"""Files as a source: any format, honest about damage, paced or fast."""

from __future__ import annotations

import contextlib
import io
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_daemon.audio.files import FileSource, read_clip
from edge_daemon.errors import AudioError
from edge_daemon.types import Block, Samples

NOISE = np.random.default_rng(7).integers(-20000, 20000, 16000).astype(np.int16)
TONE = np.rint(8000 * np.sin(2 * np.pi * 440 / 16000 * np.arange(16000))).astype(np.int16)


def _write(
    path: Path,
    data: npt.NDArray[Any],
    rate_hz: int = 16000,
    subtype: str | None = None,
    format: str | None = None,  # noqa: A002
) -> Path:
    soundfile.write(path, data, rate_hz, subtype=subtype, format=format)
    return path


def _blocks(source: FileSource) -> list[Block]:
    with source:
        return list(iter(source.read, None))


def _samples(source: FileSource) -> Samples:
    return np.concatenate([b.samples for b in _blocks(source)] or [np.empty(0, np.int16)])


def test_wav_comes_back_bit_exact_in_blocks(tmp_path: Path) -> None:
    """Every block is block_ms long but the last, and together they are the file."""
    path = _write(tmp_path / "a.wav", NOISE[:4100])
    blocks = _blocks(FileSource(path, 16000, block_ms=100))
    assert [len(b.samples) for b in blocks] == [1600, 1600, 900]
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), NOISE[:4100])


@pytest.mark.parametrize("n", [1, 1599, 1600, 1601])
def test_no_sample_is_lost_at_the_edge_of_a_block(tmp_path: Path, n: int) -> None:
    """A file as long as a block, one sample more or less, is delivered whole."""
    path = _write(tmp_path / "a.flac", NOISE[:n])
    np.testing.assert_array_equal(_samples(FileSource(path, 16000)), NOISE[:n])


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.wav", {"subtype": "PCM_24"}, 1),
        ("a.wav", {"subtype": "PCM_32"}, 1),
        ("a.wav", {"subtype": "FLOAT"}, 1),
        ("a.wav", {"subtype": "DOUBLE"}, 1),
        ("a.wav", {"subtype": "PCM_U8"}, 256),
        ("a.wav", {"subtype": "ULAW"}, 300),
        ("a.aiff", {}, 0),
        ("a.flac", {}, 0),
        ("a.ogg", {"subtype": "VORBIS"}, 800),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}, 1500),
    ],
)
def test_formats_have_the_same_scale(
    tmp_path: Path, name: str, options: dict[str, Any], tolerance: int
) -> None:
    """A tone has the same level in whichever format it was stored."""
    path = _write(tmp_path / name, TONE / 32768, **options)
    heard = _samples(FileSource(path, 16000))
    assert len(heard) == len(TONE)
    assert np.abs(heard[1000:-1000].astype(int) - TONE[1000:-1000]).max() <= tolerance


@pytest.mark.parametrize(("rate_hz", "n_channels"), [(44100, 2), (48000, 6), (8000, 1)])
def test_other_rates_and_channels_are_converted(
    tmp_path: Path, rate_hz: int, n_channels: int
) -> None:
    """A second of any rate and channels is a second at the model's rate, and is said so."""
    tone = 8000 * np.sin(2 * np.pi * 440 / rate_hz * np.arange(rate_hz))
    frames = np.repeat(np.rint(tone).astype(np.int16)[:, None], n_channels, axis=1)
    source = FileSource(_write(tmp_path / "a.wav", frames, rate_hz), 16000)
    heard = _samples(source)
    assert len(heard) == 16000
    assert np.abs(heard[600:-600].astype(int) - TONE[600:-600]).max() <= 3
    assert f"{rate_hz} Hz" in source.description
    assert "resampled to 16000 Hz" in source.description


def test_channel_is_taken_and_checked(tmp_path: Path) -> None:
    """One channel can be listened to; one that is not there is refused at opening."""
    path = _write(tmp_path / "a.wav", np.stack([NOISE, TONE], axis=1))
    np.testing.assert_array_equal(_samples(FileSource(path, 16000, channel=1)), TONE)
    with (
        pytest.raises(AudioError, match=r"audio\.channel is 2"),
        FileSource(path, 16000, channel=2),
    ):
        pass


def test_floats_that_are_no_numbers_do_no_harm(tmp_path: Path) -> None:
    """NaN is silence, infinity and loud samples are full scale."""
    data = np.array([0.0, np.nan, np.inf, -np.inf, 3.0, -3.0, 0.5, 1.0, -1.0], np.float32)
    path = _write(tmp_path / "a.wav", data, subtype="FLOAT")
    expected = [0, 0, 32767, -32768, 32767, -32768, 16384, 32767, -32768]
    assert _samples(FileSource(path, 16000)).tolist() == expected


def test_a_file_without_samples_has_simply_ended(tmp_path: Path) -> None:
    """A WAV of no length is no error: it opens and ends."""
    path = _write(tmp_path / "a.wav", NOISE[:0])
    assert _blocks(FileSource(path, 16000)) == []
    assert len(read_clip(path, 16000)) == 0
    assert len(read_clip(_write(tmp_path / "b.wav", NOISE[:0], 44100), 16000)) == 0


def test_a_wav_that_was_cut_off_plays_what_it_has(tmp_path: Path) -> None:
    """A recording whose program was killed is heard up to its last whole sample."""
    path = _write(tmp_path / "a.wav", NOISE)
    os.truncate(path, 44 + 2 * 5000 + 1)
    np.testing.assert_array_equal(_samples(FileSource(path, 16000)), NOISE[:5000])


def test_a_flac_that_was_cut_off_says_where(tmp_path: Path) -> None:
    """Damage inside a compressed file is an error with the time at which it begins."""
    path = _write(tmp_path / "a.flac", NOISE)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(AudioError, match=r"a\.flac: damaged after \d\.\d\d s"):
        _blocks(FileSource(path, 16000))


def test_an_ogg_that_was_cut_off_plays_what_it_has(tmp_path: Path) -> None:
    """Ogg is made of pages: those that are whole are heard."""
    path = _write(tmp_path / "a.ogg", np.tile(TONE, 10), subtype="VORBIS")
    whole = read_clip(path, 16000)
    os.truncate(path, path.stat().st_size * 9 // 10)
    heard = read_clip(path, 16000)
    assert 0 < len(heard) < len(whole)
    np.testing.assert_array_equal(heard, whole[: len(heard)])


def _damage(folder: Path, kind: str) -> Path:
    path = folder / "bad.wav"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "raw":
        path = folder / "bad.raw"
        path.write_bytes(b"\1\2" * 100)
    elif kind == "rate":
        _write(path, NOISE)
        data = bytearray(path.read_bytes())
        data[24:28] = (3).to_bytes(4, "little")
        path.write_bytes(data)
    elif kind != "missing":
        _write(path, NOISE)
        content = {"empty": b"", "text": b"these are words\n" * 40, "head": path.read_bytes()[:20]}
        path.write_bytes(content[kind])
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("missing", "no such file"),
        ("folder", "a folder"),
        ("fifo", "use pcm:"),
        ("raw", "use pcm:"),
        ("empty", r"empty \(0 bytes\)"),
        ("text", "not an audio file"),
        ("head", "not an audio file"),
        ("rate", "sample rate of 3 Hz"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_reason(tmp_path: Path, kind: str, message: str) -> None:
    """The message names the file, says what is wrong and what to do."""
    path = _damage(tmp_path, kind)
    with pytest.raises(AudioError, match=message) as caught, FileSource(path, 16000):
        pass
    assert str(caught.value).startswith(f"{path}: ")
    with pytest.raises(AudioError, match=message):
        read_clip(path, 16000)


@given(data=st.binary(max_size=200), keep=st.integers(0, 200))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_bytes_crash_the_reader(data: bytes, keep: int) -> None:
    """A damaged WAV is read or refused with our own error, nothing else."""
    good = io.BytesIO()
    soundfile.write(good, NOISE[:100], 16000, format="WAV")
    with contextlib.suppress(AudioError):
        read_clip(io.BytesIO(good.getvalue()[:keep] + data), 16000)


def test_clip_equals_the_source(tmp_path: Path) -> None:
    """Offline evaluation hears what the daemon hears, from a path or an open file."""
    path = _write(tmp_path / "a.flac", np.stack([NOISE, TONE], axis=1), 44100)
    heard = _samples(FileSource(path, 16000, block_ms=30))
    np.testing.assert_array_equal(read_clip(path, 16000), heard)
    np.testing.assert_array_equal(read_clip(str(path), 16000), heard)
    with path.open("rb") as file:
        np.testing.assert_array_equal(read_clip(file, 16000), heard)


class _Clock:
    """Time that passes only while someone sleeps."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.longest_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.longest_s = max(self.longest_s, seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """Put the clock of the source into the test's hand."""
    fake = _Clock()
    monkeypatch.setattr("edge_daemon.audio.files.time", fake)
    return fake


def test_realtime_delivers_a_block_when_a_microphone_would(tmp_path: Path, clock: _Clock) -> None:
    """Block k comes when its last sample would have been captured, and carries that time."""
    path = _write(tmp_path / "a.wav", NOISE[:4000])
    with FileSource(path, 16000, block_ms=100, pace="realtime") as source:
        for due_s in (1000.1, 1000.2, 1000.25):
            block = source.read()
            assert block is not None
            assert block.captured_s == pytest.approx(due_s)
            assert clock.now_s == pytest.approx(due_s)
        assert source.read() is None


def test_realtime_never_sleeps_longer_than_a_read_may(tmp_path: Path, clock: _Clock) -> None:
    """A long block comes after reads without samples, so that signals are seen in between."""
    path = _write(tmp_path / "a.wav", NOISE)
    with FileSource(path, 16000, block_ms=1000, pace="realtime") as source:
        lengths = [len(b.samples) for b in iter(source.read, None)]
    assert lengths == [0, 0, 0, 16000]
    assert clock.longest_s <= 0.25


def test_realtime_catches_up_after_a_delay(tmp_path: Path, clock: _Clock) -> None:
    """Blocks that are overdue come at once, with the times at which they were due."""
    path = _write(tmp_path / "a.wav", NOISE[:4800])
    with FileSource(path, 16000, block_ms=100, pace="realtime") as source:
        clock.now_s += 5.0
        times = [b.captured_s for b in iter(source.read, None)]
    assert times == pytest.approx([1000.1, 1000.2, 1000.3])
    assert clock.now_s == 1005.0


def test_fast_does_not_sleep(tmp_path: Path, clock: _Clock) -> None:
    """At pace fast, no time passes."""
    path = _write(tmp_path / "a.wav", NOISE)
    assert len(_samples(FileSource(path, 16000, pace="fast"))) == len(NOISE)
    assert clock.now_s == 1000.0
    assert time.monotonic() > 0
