"""Words spoken into a microphone that PortAudio really opens, heard by the daemon and in-process.

The demo clip is played once; a daemon and a source of this process both record it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon import Pipeline
from edge_daemon.audio.microphone import MicrophoneSource
from edge_daemon.config import AudioConfig, load_config
from edge_daemon.types import Samples
from tests.integration.command_line import (
    RATE_HZ,
    SINGLE_WORDS,
    RunningDaemon,
    demo_samples,
    edge_daemon,
    json_lines,
    silence,
)
from tests.integration.virtual_microphone import NAME, VirtualMicrophone

N_WORDS = 4
SPEECH = demo_samples(N_WORDS)
MOST_S = 30.0
"""What has not come in this much audio does not come."""


@dataclass
class Heard:
    """What was heard of the speech that was played."""

    by_the_daemon: list[str]
    log: list[str]
    code: int
    blocks: list[Samples]
    """What the source of this process recorded meanwhile."""


@pytest.fixture(scope="module")
def heard(
    sound_server: VirtualMicrophone, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Heard]:
    """Play the beginning of the demo to a daemon, and record it here at the same time."""
    config = tmp_path_factory.mktemp("live") / "config.yaml"
    config.write_text(SINGLE_WORDS.read_text() + "telemetry: {interval_s: 0.2, format: json}\n")
    sound_server.plug()
    try:
        with RunningDaemon("--config", config, "--source", f"mic:{NAME}") as daemon:
            daemon.wait_for("listening to")
            daemon.summary()
            blocks = _record(sound_server)
            end = daemon.summary()["samples"] + RATE_HZ
            while daemon.summary()["samples"] < end:
                pass
            code = daemon.stop(signal.SIGTERM)
            yield Heard(daemon.heard(), daemon.lines, code, blocks)
    finally:
        sound_server.unplug()


def _record(microphone: VirtualMicrophone) -> list[Samples]:
    """Play the speech and return the blocks in which it came, with a second of silence after."""
    blocks: list[Samples] = []
    recorded = 0
    with MicrophoneSource(AudioConfig(), RATE_HZ, name=NAME) as source:
        while not recorded:
            recorded += _read(source, blocks)
        microphone.play(SPEECH)
        while not _has_ended(blocks):
            recorded += _read(source, blocks)
            assert recorded < MOST_S * RATE_HZ, "what was played did not come"
    return blocks


def _read(source: MicrophoneSource, blocks: list[Samples]) -> int:
    block = source.read()
    assert block is not None
    assert block.dropped == 0
    blocks.append(block.samples)
    return len(block.samples)


def _has_ended(blocks: list[Samples]) -> bool:
    """Tell whether a second of digital silence has come after sound."""
    recorded = np.concatenate(blocks)
    sound = np.flatnonzero(recorded)
    return len(sound) > len(SPEECH) // 2 and sound[-1] < len(recorded) - RATE_HZ


def test_the_daemon_hears_what_is_played(heard: Heard, tmp_path: Path) -> None:
    """Words played into the microphone are those that ``replay`` hears in the same audio."""
    clip = tmp_path / "played.wav"
    soundfile.write(clip, np.concatenate([SPEECH, silence(1.0)]), RATE_HZ)
    replayed = edge_daemon("replay", clip, "--json", "--config", SINGLE_WORDS)
    expected = [record["label"] for record in json_lines(replayed.stdout)]
    assert len(expected) >= 3
    assert heard.by_the_daemon == expected
    assert heard.code == 0


def test_the_recording_gives_the_live_detections(heard: Heard) -> None:
    """The blocks as they came give exactly the detections of the whole recording in one piece."""
    live, whole = (Pipeline.load(config=load_config(SINGLE_WORDS)) for _ in range(2))
    found = [detection for block in heard.blocks for detection in live.process(block)]
    assert found == whole.process(np.concatenate(heard.blocks))
    assert [detection.label for detection in found] == heard.by_the_daemon


def test_the_recording_is_what_was_played(heard: Heard) -> None:
    """Not a sample is lost or changed between the player and the pipeline."""
    recording = np.trim_zeros(np.concatenate(heard.blocks))
    np.testing.assert_array_equal(recording, np.trim_zeros(SPEECH))
