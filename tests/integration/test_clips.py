"""Clips from the running daemon to a training set: kept, reviewed, exported, evaluated."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from edge_daemon import Pipeline
from edge_daemon.clips import Labels
from edge_daemon.config import load_config
from edge_daemon.types import Samples
from tests.integration.command_line import (
    RATE_HZ,
    ROOT,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
)

N_WORDS = 4


def listen(folder: Path, samples: Samples, **sections: object) -> Path:
    """Let the daemon hear this with clips on; return its configuration."""
    soundfile.write(folder / "said.wav", samples, RATE_HZ)
    config = folder / "config.yaml"
    settings = {
        "audio": {"source": "wav:said.wav", "pace": "fast"},
        "decision": {"wake_words": []},
        "control": {"path": "control.sock"},
        "clips": {"path": "clips"},
        "telemetry": {"interval_s": 0, "sensors_s": 0},
        **sections,
    }
    config.write_text(yaml.safe_dump(settings))
    done = edge_daemon("run", "--config", config, env={"XDG_STATE_HOME": str(folder)})
    assert done.returncode == 0, done.stderr
    return config


def review(*arguments: str | Path, orders: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command with these lines on stdin."""
    return subprocess.run(
        [sys.executable, "-m", "edge_daemon", "review", *map(str, arguments)],
        cwd=ROOT, input=orders, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.heavy
def test_from_the_daemon_to_an_evaluation(tmp_path: Path) -> None:
    """What the daemon keeps is what it heard; accepted clips are exported, and scored as words."""
    samples = demo_samples(N_WORDS)
    config = listen(tmp_path, samples)
    pipeline = Pipeline.load(config=load_config(config))
    expected = pipeline.process(samples) + pipeline.flush()
    labels = Labels(tmp_path / "clips").read()
    assert [(x.label, x.score) for x in labels] == [
        (d.label, round(float(d.score), 4)) for d in expected
    ]
    for label, detection in zip(labels, expected, strict=True):
        kept = soundfile.read(tmp_path / "clips" / label.file, dtype="int16")[0]
        first = round((detection.time_s - label.at_s) * RATE_HZ)
        assert np.array_equal(kept, samples[first : first + len(kept)])
    assert stat.S_IMODE((tmp_path / "clips").stat().st_mode) == 0o700
    reviewed = review("--config", config, "--player", "true", orders="p\na\n" + "a\n" * 9)
    assert reviewed.returncode == 0, reviewed.stderr
    assert f"{len(labels)} accepted" in reviewed.stdout
    exported = review("--config", config, "--export", tmp_path / "words")
    assert exported.returncode == 0, exported.stderr
    evaluated = edge_daemon("evaluate", "--data", tmp_path / "words", "--json")
    assert evaluated.returncode == 0, evaluated.stderr
    assert json.loads(evaluated.stdout)["accuracy"] == 1.0, evaluated.stdout


@pytest.mark.heavy
def test_an_export_tunes_thresholds(tmp_path: Path) -> None:
    """`tune` takes the export as its positives; rejected clips lie apart under _unknown_."""
    config = listen(tmp_path, demo_samples())
    n = len(Labels(tmp_path / "clips").read())
    assert review("--config", config, orders="a\n" * (n - 2) + "r\nr\n").returncode == 0
    exported = review(tmp_path / "clips", "--export", tmp_path / "words", "--speaker", "kitchen")
    assert "_unknown_ 2" in exported.stdout
    assert list((tmp_path / "words" / "_unknown_").glob("kitchen_nohash_*.wav"))
    (tmp_path / "talk").mkdir()
    rustle = np.random.default_rng(3).normal(0, 300, 60 * RATE_HZ).astype(np.int16)
    soundfile.write(tmp_path / "talk" / "rustle.wav", rustle, RATE_HZ)
    tuned = edge_daemon(
        "tune", "--positives", tmp_path / "words", "--negatives", tmp_path / "talk",
        "--config", config,
    )  # fmt: skip
    assert tuned.returncode == 0, tuned.stderr


def test_a_review_without_clips(tmp_path: Path) -> None:
    """Neither a configuration without clips nor an empty folder leaves somebody puzzled."""
    (tmp_path / "config.yaml").write_text("")
    done = review("--config", tmp_path / "config.yaml")
    assert_one_complaint(done, 1, "clips.path is not set")


@pytest.mark.heavy
def test_a_terminal(tmp_path: Path) -> None:
    """At a terminal each key is an order by itself; for a relabelling a word is asked for."""
    config = listen(tmp_path, demo_samples(2))
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "edge_daemon", "review", "--config", str(config)],
        cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        safety_net = threading.Timer(60, process.kill)
        safety_net.start()
        shown = ""
        for answer, question in (("a", "[1 of 2]"), ("l", "[2 of 2]"), ("left\n", "said? ")):
            while question not in shown:
                shown += os.read(ours, 4096).decode()
            os.write(ours, answer.encode())
        assert process.wait() == 0, shown
        safety_net.cancel()
    os.close(ours)
    labels = Labels(tmp_path / "clips").read()
    assert [(x.verdict, x.said) for x in labels] == [("accepted", None), ("accepted", "left")]


@pytest.mark.heavy
def test_nothing_is_kept_while_it_is_muted(tmp_path: Path) -> None:
    """A word mutes by its action: of the audio after that, clips hold silence and no word."""
    action = {"say": "*", "log": {"path": "heard.jsonl"}, "mute_ms": 600_000}
    listen(tmp_path, demo_samples(N_WORDS), actions=[action])
    [label] = Labels(tmp_path / "clips").read()
    kept = soundfile.read(tmp_path / "clips" / label.file, dtype="int16")[0]
    assert kept.any()
    assert not kept[round((label.at_s + 0.1) * RATE_HZ) :].any()


@pytest.mark.heavy
def test_without_the_section_no_audio_is_written(tmp_path: Path) -> None:
    """Nobody who does not ask for clips has any."""
    listen(tmp_path, demo_samples(N_WORDS), clips={})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["config.yaml", "said.wav"]
