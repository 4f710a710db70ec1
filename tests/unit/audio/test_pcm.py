"""Raw PCM through FIFOs and pipes, as other programs write it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_daemon.audio.pcm import PcmSource
from edge_daemon.errors import AudioError, AudioLost
from edge_daemon.types import Samples

NOISE = np.random.default_rng(3).integers(-32768, 32768, 4000).astype(np.int16)
NO_SAMPLES = np.empty(0, np.int16)


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    """Make a FIFO that nobody has opened."""
    path = tmp_path / "audio.fifo"
    os.mkfifo(path)
    return path


@pytest.fixture
def source(fifo: Path) -> Iterator[PcmSource]:
    """Open the source on the FIFO, opened before any writer."""
    with PcmSource(str(fifo), 16000, 16000) as opened:
        yield opened


def _rest(source: PcmSource) -> Samples:
    return np.concatenate([NO_SAMPLES, *(b.samples for b in iter(source.read, None))])


def _until_lost(source: PcmSource) -> Samples:
    heard = [NO_SAMPLES]
    with pytest.raises(AudioLost, match="its writer has closed it"):
        heard += (block.samples for block in iter(source.read, None))
    return np.concatenate(heard)


def test_a_fifo_without_a_writer_is_waited_for(source: PcmSource, fifo: Path) -> None:
    """Before the first writer comes, reads return without samples; then its samples come."""
    for _ in range(2):
        block = source.read()
        assert block is not None
        assert len(block.samples) == 0
    with fifo.open("wb") as writer:
        writer.write(NOISE.tobytes())
    np.testing.assert_array_equal(_until_lost(source), NOISE)


def test_a_fifo_outlives_its_writers(source: PcmSource, fifo: Path) -> None:
    """The end of a writer is a loss, at each further read too; opened again, the next is heard."""
    for part in (NOISE[:1000], NOISE[1000:]):
        with source:
            with fifo.open("wb") as writer:
                writer.write(part.tobytes())
            np.testing.assert_array_equal(_until_lost(source), part)
            assert not len(_until_lost(source))


def test_a_pipe_without_a_name_ends() -> None:
    """A pipe that has a path, as /dev/stdin or <(arecord) gives, has no second writer to wait for."""
    reader, writer = os.pipe()
    os.write(writer, NOISE[:100].tobytes())
    os.close(writer)
    with PcmSource(f"/dev/fd/{reader}", 16000, 16000) as source:
        assert _rest(source).tolist() == NOISE[:100].tolist()
    os.close(reader)


def test_a_stalled_writer_does_not_hold_the_read(source: PcmSource, fifo: Path) -> None:
    """What has come is returned, and a read in a stall returns without samples."""
    with fifo.open("wb", buffering=0) as writer:
        writer.write(NOISE[:10].tobytes())
        first, second = source.read(), source.read()
        assert first is not None
        assert second is not None
        assert first.samples.tolist() == NOISE[:10].tolist()
        assert len(second.samples) == 0
        assert second.captured_s == first.captured_s
    assert not len(_until_lost(source))


@given(cuts=st.lists(st.integers(0, 2 * len(NOISE)), max_size=8))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_sample_may_be_cut_between_two_writes(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    """Writes of any number of bytes, odd ones too, give the same samples."""
    path = tmp_path_factory.mktemp("pcm") / "fifo"
    os.mkfifo(path)
    ends = [*sorted(cuts), 2 * len(NOISE)]
    heard = []
    with PcmSource(str(path), 16000, 16000) as source, path.open("wb", buffering=0) as writer:
        start = 0
        for end in ends:
            writer.write(NOISE.tobytes()[start:end])
            if (end - start) // 2 >= 1600 and (block := source.read()) is not None:
                heard.append(block.samples)
            start = end
        writer.close()
        heard.append(_until_lost(source))
    np.testing.assert_array_equal(np.concatenate(heard), NOISE)


def test_half_a_sample_at_the_end_is_left_out(source: PcmSource, fifo: Path) -> None:
    """A stream of an odd number of bytes ends with its last whole sample."""
    with fifo.open("wb", buffering=0) as writer:
        writer.write(NOISE[:100].tobytes() + b"\x7f")
    np.testing.assert_array_equal(_until_lost(source), NOISE[:100])


def test_another_rate_is_resampled_to_the_last_sample(tmp_path: Path) -> None:
    """A second at 48 kHz is a second at 16 kHz; the tail of the filter comes at the end."""
    path = tmp_path / "a.raw"
    path.write_bytes(np.zeros(48000, "<i2").tobytes())
    source = PcmSource(str(path), 48000, 16000)
    with source:
        assert len(_rest(source)) == 16000
        assert source.read() is None
    assert "48000 Hz, mono, resampled to 16000 Hz" in source.description


def test_a_lost_writer_is_resampled_to_its_last_sample(fifo: Path) -> None:
    """The tail of the filter comes before the loss is told."""
    with PcmSource(str(fifo), 48000, 16000) as source:
        with fifo.open("wb") as writer:
            writer.write(np.zeros(4800, "<i2").tobytes())
        assert len(_until_lost(source)) == 1600


def test_an_empty_stream_ends_at_once(tmp_path: Path) -> None:
    """No bytes at all, at another rate too, is an end and no error."""
    (tmp_path / "a.raw").touch()
    for rate_hz in (16000, 48000):
        with PcmSource(str(tmp_path / "a.raw"), rate_hz, 16000) as source:
            assert len(_rest(source)) == 0


def test_standard_input_is_read_to_its_end() -> None:
    """`... | edge-daemon run --source pcm:-` hears each sample of the pipe."""
    code = (
        "import sys\n"
        "from edge_daemon.audio import open_source\n"
        "from edge_daemon.config import AudioConfig\n"
        "with open_source(AudioConfig(source='pcm:-'), 16000) as source:\n"
        "    for block in iter(source.read, None):\n"
        "        sys.stdout.buffer.write(block.samples.tobytes())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=NOISE.tobytes(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == NOISE.tobytes()


def test_a_terminal_on_standard_input_is_refused() -> None:
    """A person at a terminal gets the line that pipes a microphone in."""
    code = (
        "from edge_daemon.audio.pcm import PcmSource\n"
        "try:\n"
        "    PcmSource('-', 16000, 16000).__enter__()\n"
        "except OSError as error:\n"
        "    print(error)\n"
    )
    primary, secondary = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=secondary,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    finally:
        os.close(primary)
        os.close(secondary)
    assert "terminal" in done.stdout
    assert "arecord -t raw" in done.stdout


@pytest.mark.parametrize(("name", "message"), [("nothing", "mkfifo"), (".", "folder")])
def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path, name: str, message: str) -> None:
    """A missing FIFO is answered with the line that makes one; a folder is refused."""
    with (
        pytest.raises(AudioError, match=message),
        PcmSource(str(tmp_path / name), 16000, 16000),
    ):
        pass
