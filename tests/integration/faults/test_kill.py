"""SIGKILL at any moment: the next start is clean, and nothing is half there."""

from __future__ import annotations

import json
import random
import signal
import threading
from pathlib import Path

import pytest

from edge_daemon.day.reading import read_log
from tests.integration.command_line import edge_daemon
from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.scene import SETTINGS, Heard, Scene, words

AUDIO = words(N_WORDS)
FILES = {"audio.fifo", "config.yaml", "model.onnx", "records.jsonl", "actions.jsonl"}
ROTATING = {**SETTINGS["telemetry"], "interval_s": 0.01}
ROTATING["log"] = {"path": "records.jsonl", "max_bytes": 20_000, "keep": 2}


def _life_until_a_kill(scene: Scene, seed: int) -> None:
    """Let a daemon hear, log and rotate, and kill it at some moment."""
    random_ = random.Random(seed)
    rules = [{"say": "*", "log": "actions.jsonl"}]
    with scene.daemon(actions=rules, telemetry=ROTATING) as daemon:
        daemon.wait_for("listening to")
        writer = threading.Thread(target=_write_for_ever, args=(scene,))
        writer.start()
        for _ in range(random_.randint(1, 60)):
            daemon.wait_for("INFO")
        for _ in range(random_.randint(0, 20_000)):
            pass  # some microseconds more, so that it falls anywhere in a write
        assert daemon.stop(signal.SIGKILL) == -signal.SIGKILL
        writer.join()
        scene.pipe.close()


def _write_for_ever(scene: Scene) -> None:
    try:
        while True:
            scene.pipe.write(AUDIO)
    except BrokenPipeError:
        return


def _assert_whole(path: Path) -> None:
    """Hold a log to: every line is JSON, but those that a kill has cut off, which end a life."""
    torn = 0
    for line in path.read_text().split("\n"):
        try:
            json.loads(line or "{}")
        except json.JSONDecodeError:
            torn += 1
    assert torn <= 1, path.read_text()


def _kill_often(scene: Scene, seeds: range) -> None:
    for seed in seeds:
        _life_until_a_kill(scene, seed)
        rotated = {f"records.jsonl.{n}" for n in (1, 2)}
        assert {path.name for path in scene.folder.iterdir()} <= FILES | rotated
        assert read_log(scene.folder / "records.jsonl").n_garbage <= seed + 1


def _assert_a_clean_start(scene: Scene, reference: Heard) -> None:
    for path in scene.folder.glob("records.jsonl*"):
        path.unlink()
    with scene.daemon() as daemon:
        daemon.wait_for("listening to")
        scene.say(AUDIO, daemon)
        assert daemon.stop(signal.SIGTERM) == 0
    assert scene.heard() == reference


def test_a_kill_at_any_moment(scene: Scene, reference: Heard) -> None:
    """Logs are whole up to the kill, nothing else is left, and the next start hears all."""
    _kill_often(scene, range(2))
    _assert_whole(scene.folder / "actions.jsonl")
    _assert_a_clean_start(scene, reference)


@pytest.mark.heavy
def test_many_kills(scene: Scene, reference: Heard) -> None:
    """The same over and over in one folder: nothing piles up."""
    _kill_often(scene, range(2, 32))
    report = edge_daemon("report", scene.folder / "records.jsonl", "-o", scene.folder / "day.html")
    assert report.returncode == 0, report.stderr
    _assert_a_clean_start(scene, reference)


def test_a_log_cut_off_at_any_length_is_read(scene: Scene) -> None:
    """Every whole record before the cut is in the report's reading, and no half of one."""
    with scene.daemon() as daemon:
        daemon.wait_for("listening to")
        scene.say(AUDIO, daemon)
        daemon.stop(signal.SIGTERM)
    content = (scene.folder / "records.jsonl").read_bytes()
    first = content.index(b"\n") + 1
    cut = scene.folder / "cut.jsonl"
    for n in range(first, len(content), 97):
        cut.write_bytes(content[:n])
        log = read_log(cut)
        assert len(log.records) - content[:n].count(b"\n") in (0, 1)
        assert log.n_garbage <= 1
