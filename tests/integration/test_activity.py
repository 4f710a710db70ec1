"""The gate on recorded words, and in the daemon."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile

from edge_daemon import Pipeline
from edge_daemon.config import ActivityConfig, Config
from edge_daemon.evaluate import ClipFolder
from edge_daemon.evaluate.passages import over_room
from edge_daemon.evaluate.utterances import read_utterances
from edge_daemon.types import Detection, Samples
from tests.integration.command_line import RATE_HZ, ROOT, demo_samples, edge_daemon, spoken_words

SPEECH = Path(os.environ.get("EDGE_DAEMON_SPEECH", ROOT / ".." / "shared" / "speech"))
PAUSE_S = 4.0


def heard(audio: Samples, gate: bool) -> tuple[list[Detection], Pipeline]:
    """Return what the model that ships hears in a stream."""
    listening = Pipeline.load(config=Config(activity=ActivityConfig(gate=gate)))
    return listening.process(audio) + listening.flush(), listening


def after_silence(words: list[Samples]) -> Samples:
    """Return a quiet room in which each word is said after some seconds, the first after ten."""
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.int16)
    audio = np.concatenate([np.tile(pause, 3), *(x for word in words for x in (word, pause))])
    return over_room(audio, np.random.default_rng(4))


def recorded_words() -> Iterator[Samples]:
    """Yield wake words with a command right after each, as real people said them."""
    archives = SPEECH / "wake_words.tar", SPEECH / "speech_commands_validation.tar"
    for archive in archives:
        if not archive.is_file():
            pytest.skip(f"no speech at {archive}; set EDGE_DAEMON_SPEECH to the folder")
    spec = Pipeline.load().spec
    wakes, commands = (
        read_utterances(
            (c for c in ClipFolder(archive) if c.folder in words and hash_of(c.name) == 0), spec
        ).of(words)
        for archive, words in zip(archives, (("computer",), ("left", "stop", "go")), strict=True)
    )
    for wake, command in zip(wakes, commands, strict=False):
        yield np.concatenate([wake.samples[: wake.spoken.end], command.samples])


def hash_of(name: str) -> int:
    """Return a number below 20 that is the same in every run."""
    return sum(name.encode()) % 20


def test_recorded_words_after_silence() -> None:
    """Each word that is heard without the gate is heard with it, at the same time and score."""
    words = list(islice(recorded_words(), 12))
    audio = after_silence(words)
    expected, _ = heard(audio, gate=False)
    found, listening = heard(audio, gate=True)
    assert found == expected
    assert len(found) > len(words)
    assert listening.activity
    assert listening.activity.openings >= len(words)
    assert listening.activity.skipped_share > 0.2


def test_the_clip_that_ships() -> None:
    """The words of the demo clip, each after silence, are heard as without the gate."""
    clip = demo_samples()
    starts = [round((word.time_s - 0.1) * RATE_HZ) for word in spoken_words()]
    audio = after_silence([clip[start : start + RATE_HZ] for start in starts])
    assert heard(audio, gate=True)[0] == heard(audio, gate=False)[0]


@pytest.mark.parametrize("gate", [True, False])
def test_the_daemon_tells_what_was_saved(tmp_path: Path, gate: bool) -> None:
    """Of a quiet minute most hops are skipped, and the summary says so, where there is a gate."""
    room = over_room(np.zeros(60 * RATE_HZ, np.int16), np.random.default_rng(1))
    soundfile.write(tmp_path / "room.wav", room, RATE_HZ)
    config = tmp_path / "config.yaml"
    config.write_text(
        f"audio: {{source: 'wav:{tmp_path}/room.wav', pace: fast}}\n"
        f"activity: {{gate: {str(gate).lower()}}}\ntelemetry: {{format: json}}\n"
    )
    done = edge_daemon("run", "--config", config)
    assert done.returncode == 0, done.stderr
    line = next(x for x in done.stderr.splitlines() if '"uptime_s"' in x)
    snapshot = json.loads(line[line.index("{") :])
    if not gate:
        assert "activity" not in snapshot
        return
    figures = snapshot["activity"]
    assert figures["hops"] >= 600
    assert 0.7 < figures["skipped"] / figures["hops"] < 0.9
    assert figures["openings"] == 0
    assert -80 <= figures["floor_dbfs"] < -65
    assert snapshot["stages"]["model"]["count"] == figures["hops"] - figures["skipped"]
