"""Programs that misbehave in every way: no sample waits for them, and none outlives the daemon."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from dataclasses import replace
from typing import Any

import pytest

from tests.integration.command_line import assert_one_complaint, edge_daemon
from tests.integration.faults import survivors
from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.scene import Heard, Scene, assert_nothing_was_lost, words
from tests.tiny_models import PITCH_SPEC, pitch, write_model

NOTHING = {"done": 0, "failed": 0, "dropped": 0}
FOR_EVER_S = 3600
"""The longest limit of a command: nothing here ends because of it."""

HANGING: dict[str, list[str]] = {
    "hangs": ["sleep", "100000"],
    "ignores SIGTERM": ["sh", "-c", "trap '' TERM; while :; do sleep 100000; done"],
    "floods its output": ["sh", "-c", "yes & yes >&2"],
    "closes its output": ["sh", "-c", "exec >&- 2>&-; exec sleep 100000"],
    "stops itself": ["sh", "-c", "kill -STOP $$"],
    "has children": ["sh", "-c", "sleep 100000 & sleep 100000 & wait"],
    "lowers its limits": ["sh", "-c", "ulimit -n 16; ulimit -f 0; ulimit -c 0; exec sleep 100000"],
}
FAILING: dict[str, list[str]] = {
    "exits with 3": ["sh", "-c", "exit 3"],
    "crashes": ["sh", "-c", "kill -SEGV $$"],
    "is missing": ["/no/such/program"],
    "is a folder": ["/proc"],
    "is not executable": ["/proc/version"],
}
DAEMONISING = ["sh", "-c", "sleep 100000 & (setsid sleep 100000 &) ; exit 0"]
"""Ends well at once; its children keep the pipe to the daemon."""


def command(argv: list[str], **more: Any) -> dict[str, Any]:
    """Return a rule that runs a program at every word."""
    return {"say": "*", "command": {"argv": argv, "timeout_s": FOR_EVER_S, **more}}


def test_no_sample_waits_for_a_program(scene: Scene, reference: Heard) -> None:
    """All audio is worked on while programs hang, flood, fork and fail; the words are the same.

    At SIGTERM those end that the daemon has started; what a program left in the background stays.
    """
    audio = words(N_WORDS)
    rules = [command(argv) for argv in HANGING.values()]
    rules += [command(argv, concurrency=16) for argv in (*FAILING.values(), DAEMONISING)]
    rules.append({"say": "*", "log": "actions.jsonl"})
    with scene.daemon(
        {"HOME": str(scene.folder)}, actions=rules, action_worker={"queue": 1024}
    ) as daemon:
        daemon.wait_for("listening to")
        summary = scene.say(audio, daemon)
        assert_nothing_was_lost(summary, audio)
        n_good, n_bad = 2 * len(reference), len(FAILING) * len(reference)
        n_busy = len(HANGING) * (len(reference) - 1)
        while summary["actions"] != {"done": n_good, "failed": n_bad, "dropped": n_busy}:
            summary = daemon.summary()
        assert daemon.stop(signal.SIGTERM) == 0, daemon.lines
    assert scene.heard() == reference
    last = scene.records("summary")[-1]
    assert last["actions_failed"] == n_bad + len(HANGING)
    background = survivors.with_home(scene.folder)
    assert len(background) == 2 * len(reference)
    assert survivors.gone(scene.folder, but=background) == set()


@pytest.mark.heavy
def test_a_storm_of_words(scene: Scene) -> None:
    """Hundreds of words, as fast as they can be heard, are all heard; what finds no room is counted."""
    audio = words(120, every_s=0.5)
    expected = scene.replayed(audio)
    assert len(expected) >= 120
    rules = [
        command(HANGING["hangs"]),
        command(["true"], concurrency=16),
        {"say": "*", "log": "actions.jsonl"},
    ]
    with scene.daemon({"HOME": str(scene.folder)}, actions=rules) as daemon:
        daemon.wait_for("listening to")
        assert_nothing_was_lost(scene.say(audio, daemon), audio)
        assert daemon.stop(signal.SIGTERM) == 0, daemon.lines
    assert scene.heard() == expected
    last = scene.records("summary")[-1]
    ended = [last[f"actions_{what}"] for what in ("done", "failed", "dropped")]
    assert sum(ended) == len(rules) * len(expected)
    assert survivors.gone(scene.folder) == set()


DUMP = """
import json, os, sys
seen = {
    "environment": dict(os.environ),
    "files": {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in "0123456789" if os.path.lexists(f"/proc/self/fd/{fd}")},
    "folder": os.getcwd(),
    "input": sys.stdin.read(),
    "arguments": sys.argv[1:],
}
json.dump(seen, open(os.environ["HOME"] + "/seen.json", "w"))
"""
HOSTILE = {
    "NOTIFY_SOCKET": "@nobody",
    "WATCHDOG_USEC": "1000000",
    "CREDENTIALS_DIRECTORY": "/run/credentials/edge-daemon.service",
    "ALSA_CONFIG_PATH": "/etc/edge-daemon/asound.conf",
    "INVOCATION_ID": "1",
    "STATE_DIRECTORY": "/var/lib/edge-daemon",
    "RUNTIME_DIRECTORY": "/run/edge-daemon",
    "LISTEN_FDS": "1",
    "PYTHONWARNINGS": "ignore",
    "WEBHOOK_TOKEN": "secret",
}
ODD_LABELS = ("--help; rm -rf $HOME", "$(touch pwned) `touch pwned`", "a=b\\n%s ☃ \"'")


def test_a_program_gets_nothing_of_the_daemons(scene: Scene) -> None:
    """It has three descriptors, an empty stdin, the folder /, and a short environment of its own.

    A label is a value there, whatever is in it, and never an argument.
    """
    spec = replace(
        PITCH_SPEC,
        labels=(ODD_LABELS[0], "high", "unknown", "silence"),
        thresholds={ODD_LABELS[0]: 0.7, "high": 0.7},
    )
    write_model(scene.folder / "model.onnx", spec, weights=pitch(PITCH_SPEC))
    rules = [command([sys.executable, "-S", "-c", DUMP, "one", "$EDGE_DAEMON_LABEL"])]
    with scene.daemon({**HOSTILE, "HOME": str(scene.folder)}, actions=rules) as daemon:
        daemon.wait_for("listening to")
        summary = scene.say(words(1), daemon)
        while not summary["actions"]["done"]:
            summary = daemon.summary()
        assert daemon.stop(signal.SIGTERM) == 0
    seen = json.loads((scene.folder / "seen.json").read_text())
    assert seen["environment"]["EDGE_DAEMON_LABEL"] == ODD_LABELS[0]
    assert not set(HOSTILE) & set(seen["environment"])
    assert seen["arguments"] == ["one", "$EDGE_DAEMON_LABEL"]
    assert set(seen["files"]) == {"0", "1", "2"}
    assert seen["files"]["0"] == "/dev/null"
    assert (seen["folder"], seen["input"]) == ("/", "")


@pytest.mark.parametrize("label", ODD_LABELS)
def test_a_label_stays_a_value(scene: Scene, label: str) -> None:
    """What a shell would run, an option, a quote: a program finds it in its environment, unchanged."""
    from edge_daemon.actions.command import CommandAction
    from edge_daemon.config import CommandConfig
    from edge_daemon.types import Detection
    from tests.unit.actions.programs import finish

    out = scene.folder / "out"
    argv = ["sh", "-c", f'printf %s "$EDGE_DAEMON_LABEL" >{out}; cd {scene.folder}; ls']
    finish(CommandAction(CommandConfig(argv=argv)).run(Detection(label, 0.9, 1.0)))
    assert out.read_text() == label
    assert not (scene.folder / "pwned").exists()


def test_a_label_with_a_line_break_is_refused(scene: Scene) -> None:
    """It could not stand on one line of the log."""
    spec = replace(PITCH_SPEC, labels=("lo\nw", "high", "unknown", "silence"), thresholds={})
    write_model(scene.folder / "model.onnx", spec, weights=pitch(PITCH_SPEC))
    done = edge_daemon("run", "--config", scene.configure())
    assert_one_complaint(done, 78, "labels")


def test_nobody_reads_stdout(scene: Scene, reference: Heard) -> None:
    """An action that prints into a full pipe fails; it holds neither the other actions nor the end."""
    audio = words(N_WORDS)
    rules = [{"say": "*", "log": {}}, {"say": "*", "log": "actions.jsonl"}]
    reader, full = full_pipe()
    with scene.daemon(stdout=full, actions=rules) as daemon:
        os.close(full)
        daemon.wait_for("listening to")
        summary = scene.say(audio, daemon)
        assert_nothing_was_lost(summary, audio)
        while summary["actions"] != {**NOTHING, "done": len(reference), "failed": len(reference)}:
            summary = daemon.summary()
        assert daemon.stop(signal.SIGTERM) == 0
    os.close(reader)
    assert "stdout cannot be written: it is full, and nobody reads it" in "\n".join(daemon.lines)
    assert scene.heard() == reference


def test_nobody_reads_stderr(scene: Scene, reference: Heard) -> None:
    """A log that cannot be written is dropped; the daemon hears every word and ends in time."""
    reader, full = full_pipe()
    rules = [{"say": "*", "log": "actions.jsonl"}]
    with scene.daemon(stderr=full, actions=rules) as daemon:
        os.close(full)
        scene.pipe.wait_for_reader()
        scene.pipe.write(words(N_WORDS))
        scene.until(lambda: len(scene.heard()) == len(reference))
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait() == 0
    os.close(reader)
    assert scene.heard() == reference


def full_pipe() -> tuple[int, int]:
    """Return the ends of a pipe that takes no further byte."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    return reader, writer
