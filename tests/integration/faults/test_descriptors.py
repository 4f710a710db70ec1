"""Descriptors that run out, or are closed from the start, and other poor places to start in."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.integration.command_line import ROOT, RUN
from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.scene import Heard, Scene, assert_nothing_was_lost, words
from tests.integration.notices import Notices

AUDIO = words(N_WORDS)
HALF = len(AUDIO) // 2 // 1600 * 1600
HIGHEST = 4096


def limit_descriptors(pid: int, n: int) -> None:
    """Let a running process open so many, those counted that it has."""
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (n, HIGHEST))


def n_open(pid: int) -> int:
    """Return how many it needs for those that it has."""
    return max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1


def test_no_descriptor_is_left(scene: Scene, reference: Heard) -> None:
    """Words are heard while no program, request or log can be opened; then all of it works again."""
    rules: list[dict[str, Any]] = [
        {"say": "*", "log": "actions.jsonl"},
        {"say": "*", "command": {"argv": ["true"], "concurrency": 16}},
        {"say": "*", "webhook": {"url": "http://127.0.0.1:9/", "retries": 0, "backoff_s": 0.01}},
    ]
    with scene.daemon(actions=rules, action_worker={"queue": 1024}) as daemon:
        daemon.wait_for("listening to")
        pid = daemon.process.pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (HIGHEST, HIGHEST))
        limit_descriptors(pid, n_open(pid))
        first = scene.say(AUDIO[:HALF], daemon)
        n_first = sum(first["detections"].values())
        while first["actions"]["failed"] < 3 * n_first:
            first = daemon.summary()
        assert first["actions"]["done"] == 0
        assert first["records"]["lost"] >= n_first
        limit_descriptors(pid, HIGHEST)
        daemon.wait_for("is written again")
        last = scene.say(AUDIO[HALF:], daemon, so_far=HALF)
        assert_nothing_was_lost(last, AUDIO)
        while last["actions"]["done"] < 2 * (len(reference) - n_first):
            last = daemon.summary()
        assert n_open(pid) == len(os.listdir(f"/proc/{pid}/fd"))
        assert daemon.stop(signal.SIGTERM) == 0
    assert daemon.heard() == [label for label, _, _ in reference]
    assert "Too many open files" in "\n".join(daemon.lines)


@pytest.mark.heavy
def test_a_source_that_cannot_be_opened_again_ends_the_service(
    scene: Scene, notices: Notices
) -> None:
    """Without a descriptor for its FIFO it says so and ends with 1: a fresh process has them all."""
    with scene.daemon({"NOTIFY_SOCKET": str(notices.path)}) as daemon:
        daemon.wait_for("listening to")
        scene.say(AUDIO[:HALF], daemon)
        limit_descriptors(daemon.process.pid, 3)
        scene.pipe.close()
        daemon.wait_for("audio.fifo: cannot be opened: Too many open files")
        assert daemon.process.wait() == 1


def _started(scene: Scene, *wrapper: str, **settings: Any) -> int:
    """Run the daemon over all of the audio with this around it; return its exit code."""
    (scene.folder / "audio.raw").write_bytes(AUDIO.astype("<i2").tobytes())
    config = scene.configure(audio={"source": f"pcm:{scene.folder}/audio.raw"}, **settings)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command: Sequence[str] = (*wrapper, *RUN, "--config", str(config))
    done = subprocess.run(command, env=env, capture_output=True, timeout=60, check=False)
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode


@pytest.mark.parametrize(
    "closed",
    ["<&- >&- 2>&-", *(pytest.param(x, marks=pytest.mark.heavy) for x in (">&-", "2>&-"))],
)
def test_standard_descriptors_that_are_closed(scene: Scene, reference: Heard, closed: str) -> None:
    """What is opened next does not become stdin, stdout or stderr, and all is heard."""
    rules = [{"say": "*", "command": ["sh", "-c", "echo said; echo said >&2"]}]
    assert _started(scene, "sh", "-c", f'exec "$@" {closed}', "sh", actions=rules) == 0
    assert scene.heard() == reference


def test_sigchld_is_ignored_at_the_start(scene: Scene) -> None:
    """A program that fails is counted as failed all the same."""
    rules = [{"say": "*", "command": {"argv": ["false"], "concurrency": 16}}]
    ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);"
    program = (sys.executable, "-c", f"{ignoring} os.execv(sys.argv[1], sys.argv[1:])")
    assert _started(scene, *program, actions=rules) == 0
    last = scene.records("summary")[-1]
    assert (last["actions_failed"], last["actions_done"]) == (last["n_heard"], 0)


POOR_PLACE = """
import os, sys
os.umask(0o077)
folder = sys.argv[1] + "/gone"
os.mkdir(folder)
os.chdir(folder)
os.rmdir(folder)
path = os.environ["PYTHONPATH"]
environment = {"TMPDIR": "/proc", "LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0",
               "PYTHONCOERCECLOCALE": "0", "PATH": "/nowhere", "PYTHONPATH": path}
os.execve(sys.argv[2], sys.argv[2:], environment)
"""


def test_a_poor_place_to_start_in(scene: Scene, reference: Heard) -> None:
    """No HOME, the folder deleted, umask 077, no place for temporary files, PATH and LANG bare."""
    rules = [{"say": "*", "log": str(scene.folder / "actions.jsonl")}]
    program = (sys.executable, "-c", POOR_PLACE, str(scene.folder))
    assert _started(scene, *program, actions=rules) == 0
    assert scene.heard() == reference
    assert Path(scene.folder, "actions.jsonl").stat().st_mode & 0o777 == 0o600
