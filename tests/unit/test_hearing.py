"""What is done with the audio, in a process without a microphone."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from edge_daemon.actions import ActionWorker
from edge_daemon.config import AudioConfig, ClipsConfig, load_config
from edge_daemon.connection import Inside
from edge_daemon.connections import Connections
from edge_daemon.control import Desk
from edge_daemon.events import Events
from edge_daemon.hearing import Hearing
from edge_daemon.parts import Parts, build_parts
from edge_daemon.reporter import Reporter
from edge_daemon.telemetry import Telemetry
from edge_daemon.types import Block
from tests.integration.command_line import SINGLE_WORDS, demo_samples

BLOCK = 1600


class Heard:
    """A daemon's hearing, without the rest of it."""

    def __init__(self, audio: AudioConfig | None = None, clips: ClipsConfig | None = None) -> None:
        self._config = replace(load_config(SINGLE_WORDS), clips=clips or ClipsConfig())
        self.audio = audio or self._config.audio
        self._connections = Connections(Inside(Desk(), Events(), Telemetry()))
        self._reporter = Reporter(self._config, Events())
        parts = self.parts()
        self.hearing = Hearing(parts, ActionWorker(parts.rules, 1), self._reporter, Events())

    def parts(self) -> Parts:
        """Build those of the configuration."""
        config = replace(self._config, audio=self.audio)
        return build_parts(config, self._reporter.telemetry.timer, self._connections)

    def take(self, n_blocks: int) -> None:
        """Hear the beginning of the demo clip."""
        samples = demo_samples(1)
        for at in range(0, n_blocks * BLOCK, BLOCK):
            self.hearing.take(Block(samples[at : at + BLOCK], time.monotonic(), 0))

    @property
    def words(self) -> list[str]:
        """What was heard."""
        return [detection.label for detection in self._reporter.newest]


def n_blocks_before(word: str) -> int:
    """Return after how many blocks the word was said and not decided, but would be at an end."""
    for n in range(1, len(demo_samples(1)) // BLOCK):
        heard = Heard()
        heard.take(n)
        assert not heard.words
        heard.hearing.end()
        if heard.words == [word]:
            return n
    raise AssertionError(f"{word} is never waited for")


@pytest.mark.parametrize("is_muted", [False, True])
def test_a_mute_is_meant_for_what_was_said_just_before_it_too(is_muted: bool) -> None:
    """Neither the end of the audio nor another configuration brings a word that was waited for."""
    n_blocks = n_blocks_before("computer")
    for is_reloaded in (False, True):
        heard = Heard()
        heard.take(n_blocks)
        if is_muted:
            heard.hearing.mute.ask(None)
        if is_reloaded:
            heard.hearing.go_by(heard.parts())
        heard.hearing.end()
        assert heard.words == ([] if is_muted else ["computer"])


def test_zeros_are_told_no_longer_than_they_are_looked_for() -> None:
    """A reload that does not look for them any more ends what was said of them."""
    heard = Heard(AudioConfig(source="mic", muted_after_s=0.1))
    assert not heard.hearing.hears_only_zeros
    heard.hearing.take(Block(np.zeros(BLOCK, np.int16), time.monotonic()))
    assert heard.hearing.hears_only_zeros
    heard.audio = AudioConfig(source="mic", muted_after_s=None)
    heard.hearing.go_by(heard.parts())
    assert not heard.hearing.hears_only_zeros


def test_without_a_thread_for_clips_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A reload at the limit of tasks must not end the daemon."""

    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    heard = Heard(clips=ClipsConfig(path=str(tmp_path)))
    assert "can't start new thread; none are kept" in caplog.text
    heard.take(len(demo_samples(1)) // BLOCK)
    heard.hearing.end()
    assert heard.words == ["computer"]
