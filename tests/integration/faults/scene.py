"""A daemon that hears two words in a FIFO, and what it would hear if nothing were broken."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import soundfile

from edge_daemon.types import Samples
from tests.integration.command_line import (
    GIVE_UP_S,
    RUN,
    Pipe,
    RunningDaemon,
    edge_daemon,
    json_lines,
)
from tests.sounds import RATE_HZ, said
from tests.tiny_models import PITCH_SPEC, pitch, write_model

Heard: TypeAlias = list[tuple[str, float, float]]
"""Label, time in seconds and score of each word."""

SETTINGS: dict[str, Any] = {
    "audio": {"source": "pcm:audio.fifo"},
    "model": {"path": "model.onnx"},
    "decision": {"wake_words": [], "refractory_ms": 0},
    "telemetry": {"format": "json", "interval_s": 0.1, "sensors_s": 0, "log": "records.jsonl"},
    "control": {"enabled": False},
}
LONGEST_SUMMARIES = 600
_PAUSE_S = 0.02


def words(n: int, every_s: float = 0.7) -> Samples:
    """Return so many words, low and high in turn, and a pause after the last."""
    spoken = [(every_s * i + 0.2, ("low", "high")[i % 2]) for i in range(n)]
    return said(*spoken, total_s=round(every_s * n + 2.0, 1))


@dataclass
class Scene:
    """A folder with a model, a configuration, a FIFO and a log of records."""

    folder: Path
    pipe: Pipe = field(init=False)

    def __post_init__(self) -> None:
        write_model(self.folder / "model.onnx", PITCH_SPEC, weights=pitch(PITCH_SPEC))
        self.pipe = Pipe(self.folder / "audio.fifo")

    def configure(self, **sections: Any) -> Path:
        """Write the configuration, with these sections in place of the usual ones."""
        path = self.folder / "config.yaml"
        path.write_text(json.dumps({**SETTINGS, **sections}))
        return path

    def daemon(
        self,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = RUN,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.PIPE,
        **sections: Any,
    ) -> RunningDaemon:
        """Start the daemon, which then waits for audio; without a log to read where stderr is given."""
        config = self.configure(**sections)
        return RunningDaemon(
            "--config", config, env=env, program=program, stdout=stdout, stderr=stderr
        )

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something has happened that the daemon does not tell."""
        for _ in range(round(GIVE_UP_S / _PAUSE_S)):
            if is_so():
                return
            threading.Event().wait(_PAUSE_S)
        raise AssertionError(f"it never happened; records: {self.records('heard')}")

    def say(self, audio: Samples, daemon: RunningDaemon, so_far: int = 0) -> dict[str, Any]:
        """Write the audio into the FIFO; return the first summary after it was all worked on."""
        self.pipe.write(audio)
        return self.worked_on(daemon, so_far + len(audio))

    def worked_on(self, daemon: RunningDaemon, n_samples: int) -> dict[str, Any]:
        """Return the first summary in which so many samples have come."""
        for _ in range(LONGEST_SUMMARIES):
            summary = daemon.summary()
            if summary["samples"] >= n_samples:
                return summary
        raise AssertionError(f"{n_samples} samples never came: {summary}")

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of a kind; none before the first one is written."""
        path = self.folder / "records.jsonl"
        found = json_lines(path.read_text()) if path.exists() else []
        return [record for record in found if record["kind"] == kind]

    def heard(self) -> Heard:
        """Return the words of the log of records."""
        return [(r["label"], r["time_s"], r["score"]) for r in self.records("heard")]

    def replayed(self, audio: Samples) -> Heard:
        """Return what `edge-daemon replay` hears in the same audio, without any action."""
        soundfile.write(self.folder / "audio.wav", audio, RATE_HZ)
        config = self.configure()
        done = edge_daemon("replay", "--config", config, "--json", self.folder / "audio.wav")
        assert done.returncode == 0, done.stderr
        return [(r["label"], r["time_s"], r["score"]) for r in json_lines(done.stdout)]


def last_summary(daemon: RunningDaemon) -> dict[str, Any]:
    """Return the last summary of a daemon whose log was read to the end."""
    line = [line for line in daemon.lines if "uptime_s" in line][-1]
    found: dict[str, Any] = json.loads("{" + line.partition("{")[2])
    return found


def assert_nothing_was_lost(summary: Mapping[str, Any], audio: Samples) -> None:
    """Hold a summary to: every sample came, and every one was worked on."""
    assert summary["dropped_samples"] == 0, summary
    assert summary["samples"] == summary["processed_samples"] == len(audio), summary
