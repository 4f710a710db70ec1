"""What every source of audio keeps to, over each implementation."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon.audio import AudioSource, open_source
from edge_daemon.config import AudioConfig
from edge_daemon.errors import AudioError
from edge_daemon.types import Block, Samples
from tests.integration.microphone_fixtures import sound_server, virtual_microphone
from tests.integration.virtual_microphone import NAME
from tests.sources import ArraySource

__all__ = ["sound_server", "virtual_microphone"]

SENT: Samples = np.arange(1, 8001, dtype=np.int16)
"""Half a second in which every sample is its own number, and none is silence."""

MOST_SAMPLES = 16000 * 10
"""Some have no end; what has not come in this much audio does not come."""


class Case:
    """A source, what makes it speak, and whether it ends."""

    def __init__(
        self,
        source: AudioSource,
        *,
        speak: Callable[[], None] = lambda: None,
        ends: bool = True,
    ) -> None:
        self.source = source
        self.speak = speak
        self.ends = ends

    def hear(self) -> list[Block]:
        """Open, speak, and return the blocks up to the end, or until all has come."""
        blocks: list[Block] = []
        with self.source as source:
            self.speak()
            while (block := source.read()) is not None:
                blocks.append(block)
                if not self.ends and self._complete(blocks):
                    break
        return blocks

    @staticmethod
    def _complete(blocks: list[Block]) -> bool:
        heard = np.concatenate([b.samples for b in blocks])
        assert len(heard) < MOST_SAMPLES, "what was played did not come"
        return bool(np.count_nonzero(heard) >= len(SENT))


def _array(_: Path) -> Case:
    return Case(ArraySource(SENT))


def _file(folder: Path) -> Case:
    path = folder / "sent.wav"
    soundfile.write(path, SENT, 16000)
    return Case(open_source(AudioConfig(source=f"wav:{path}", pace="fast"), 16000))


def _pcm_file(folder: Path) -> Case:
    path = folder / "sent.raw"
    path.write_bytes(SENT.tobytes())
    return Case(open_source(AudioConfig(source=f"pcm:{path}"), 16000))


def _pcm_fifo(folder: Path) -> Case:
    path = folder / "sent.fifo"
    os.mkfifo(path)

    def speak() -> None:
        threading.Thread(target=path.write_bytes, args=(SENT.tobytes(),), daemon=True).start()

    return Case(open_source(AudioConfig(source=f"pcm:{path}"), 16000), speak=speak, ends=False)


@pytest.fixture(params=[_array, _file, _pcm_file, _pcm_fifo, "microphone"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    """Each implementation in turn."""
    if request.param != "microphone":
        yield request.param(tmp_path)
        return
    microphone = request.getfixturevalue("virtual_microphone")
    source = open_source(AudioConfig(source=f"mic:{NAME}"), 16000)
    yield Case(source, speak=lambda: microphone.play(SENT), ends=False)


def test_every_sample_comes_once_and_in_order(case: Case) -> None:
    """What was sent is what the blocks hold, together, bit for bit."""
    heard = np.concatenate([b.samples for b in case.hear()])
    np.testing.assert_array_equal(np.trim_zeros(heard), SENT)


def test_blocks_are_what_the_pipeline_expects(case: Case) -> None:
    """Samples are flat int16, the time of capture never falls, nothing was lost."""
    blocks = case.hear()
    assert all(b.samples.ndim == 1 and b.samples.dtype == np.int16 for b in blocks)
    times = [b.captured_s for b in blocks]
    assert times == sorted(times)
    assert sum(b.dropped for b in blocks) == 0


def test_none_comes_at_the_end_and_stays(case: Case) -> None:
    """After the end, every further read says so; a microphone and a FIFO never say so."""
    with case.source as source:
        case.speak()
        if case.ends:
            while source.read() is not None:
                pass
            assert source.read() is None
        else:
            assert source.read() is not None


def test_closing_twice_is_harmless(case: Case) -> None:
    """Closing a closed source, or one that was never opened, does nothing."""
    case.source.__exit__(None, None, None)
    with case.source:
        pass
    case.source.__exit__(None, None, None)


def test_a_closed_source_refuses_to_be_read(case: Case) -> None:
    """Reading before opening or after closing is our own error, not a crash."""
    with pytest.raises(AudioError, match="not open"):
        case.source.read()
    with case.source:
        pass
    with pytest.raises(AudioError, match="not open"):
        case.source.read()


def test_it_can_be_opened_again(case: Case) -> None:
    """After closing, the same object hears everything once more."""
    for _ in range(2):
        heard = np.concatenate([b.samples for b in case.hear()])
        np.testing.assert_array_equal(np.trim_zeros(heard), SENT)


def test_it_describes_itself(case: Case) -> None:
    """There is a line for the log, before and after opening."""
    assert case.source.description
    with case.source as source:
        assert source.description
