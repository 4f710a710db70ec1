"""Disks that are full, read-only or gone: the words are heard, what is lost is counted, and it heals."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.integration.command_line import RunningDaemon, json_lines
from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.disk import BROKEN_AND_MENDED, Disk, disk
from tests.integration.faults.scene import SETTINGS, Heard, Scene, assert_nothing_was_lost, words
from tests.integration.test_replacement import DAEMON
from tests.stand_in_quantizer import stand_in
from tests.tone_words import write_clips

__all__ = ["disk"]

PAGE_BYTES = 4096
AUDIO = words(N_WORDS)
THIRD = len(AUDIO) // 3 // 1600 * 1600
PARTS = (AUDIO[:THIRD], AUDIO[THIRD : 2 * THIRD], AUDIO[2 * THIRD :])
"""Before, while it is broken, and after."""


def _on(folder: Path, name: str) -> dict[str, object]:
    return {"say": "*", "log": str(folder / name)}


def _heard(path: Path) -> Heard:
    lines = json_lines(path.read_text())
    return [(r["label"], r["time_s"], r["score"]) for r in lines if "label" in r]


def _fill_its_page(log: Path) -> None:
    """End the file with a page of the disk: in one that is begun there is room when all is full."""
    line = '{"filling": "%s"}\n'
    left = -(log.stat().st_size + len(line % "")) % PAGE_BYTES
    with log.open("a") as file:
        file.write(line % ("x" * left))


@pytest.mark.parametrize(
    "fault",
    ["full", *(pytest.param(x, marks=pytest.mark.heavy) for x in ("read-only", "folder gone"))],
)
def test_logs_on_a_broken_disk(scene: Scene, disk: Disk, reference: Heard, fault: str) -> None:
    """Every word is heard and acted on meanwhile; lost lines are counted, and no line is half there."""
    break_it, mend_it = BROKEN_AND_MENDED[fault]
    logs = disk.folder / "logs"
    telemetry = {**SETTINGS["telemetry"], "log": str(logs / "records.jsonl")}
    rules = [_on(logs, "actions.jsonl"), _on(scene.folder, "sound.jsonl")]
    with scene.daemon(actions=rules, telemetry=telemetry) as daemon:
        daemon.wait_for("listening to")
        n_words = sum(scene.say(PARTS[0], daemon)["detections"].values())
        while daemon.summary()["actions"]["done"] < 2 * n_words:
            continue
        _fill_its_page(logs / "actions.jsonl")
        break_it(disk)
        while not daemon.summary()["records"]["lost"]:
            continue
        scene.say(PARTS[1], daemon, so_far=THIRD)
        while daemon.summary()["actions"]["failed"] == 0:
            continue
        mend_it(disk)
        daemon.wait_for("is written again")
        summary = scene.say(PARTS[2], daemon, so_far=2 * THIRD)
        assert_nothing_was_lost(summary, AUDIO)
        assert daemon.stop(signal.SIGTERM) == 0
    assert _heard(scene.folder / "sound.jsonl") == reference
    kept = _heard(logs / "actions.jsonl")
    assert reference[0] in kept
    assert reference[-1] in kept
    assert len(kept) < len(reference)
    assert [word for word in reference if word in kept] == kept
    records = json_lines((logs / "records.jsonl").read_text())
    n_lost = [r["lost_records"] for r in records if "lost_records" in r][-1]
    healed = [line for line in daemon.lines if "records were lost" in line]
    assert sum(int(line.rpartition("; ")[2].split()[0]) for line in healed) == n_lost
    assert sum("records.jsonl cannot be written" in line for line in daemon.lines) == len(healed)


def test_a_log_that_is_rotated_by_others(scene: Scene, reference: Heard) -> None:
    """Renamed as logrotate does, truncated as its copytruncate does: no word is lost or twice there."""
    rules = [_on(scene.folder, "actions.jsonl")]
    log = scene.folder / "actions.jsonl"
    with scene.daemon(actions=rules) as daemon:
        daemon.wait_for("listening to")
        scene.say(PARTS[0], daemon)
        log.rename(scene.folder / "actions.jsonl.1")
        log.touch()
        scene.say(PARTS[1], daemon, so_far=THIRD)
        _all_done(scene, daemon_words=reference, log=log)
        copied = log.read_text()
        log.write_text("")
        scene.say(PARTS[2], daemon, so_far=2 * THIRD)
        assert daemon.stop(signal.SIGTERM) == 0
    (scene.folder / "all.jsonl").write_text(
        (scene.folder / "actions.jsonl.1").read_text() + copied + log.read_text()
    )
    assert _heard(scene.folder / "all.jsonl") == reference


def _all_done(scene: Scene, daemon_words: Heard, log: Path) -> None:
    """Wait until the worker has written what was heard so far."""
    n = len(scene.heard()) - len(json_lines((scene.folder / "actions.jsonl.1").read_text()))
    assert 0 < n < len(daemon_words)
    scene.until(lambda: len(log.read_text().splitlines()) == n)


@pytest.mark.parametrize("fault", ["full", pytest.param("read-only", marks=pytest.mark.heavy)])
def test_a_state_directory_that_cannot_be_written(
    scene: Scene, disk: Disk, reference: Heard, fault: str
) -> None:
    """No smaller model is found then, which the log says; the original one serves on."""
    BROKEN_AND_MENDED[fault][0](disk)
    write_clips(scene.folder / "clips", {"low": 1, "high": 1})
    config = scene.configure(
        model={"path": "model.onnx", "quantize": {"mode": "auto", "data": "clips"}}
    )
    quantizer = stand_in('head -c 4096 /dev/zero >"$5"')
    with RunningDaemon(
        config, *quantizer, program=DAEMON, env={"STATE_DIRECTORY": str(disk.folder / "state")}
    ) as daemon:
        daemon.wait_for("the original model stays")
        assert_nothing_was_lost(scene.say(AUDIO, daemon), AUDIO)
        assert daemon.stop(signal.SIGTERM) == 0
    assert scene.heard() == reference
    assert not list(disk.folder.glob("state/quantized/*.work"))
