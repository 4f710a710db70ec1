"""Clocks that jump and processes that stand still: nothing that is counted in time goes wrong."""

from __future__ import annotations

import os
import shutil
import signal
import struct
import subprocess
import time
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.scene import SETTINGS, Heard, Scene, assert_nothing_was_lost, words
from tests.integration.notices import Notices

AUDIO = words(N_WORDS)
HALF = len(AUDIO) // 2 // 1600 * 1600
DAY = timedelta(days=1)
STOPPED_S = 1.0
INTERVAL_S = 0.1


class WallClock:
    """The time of day of one process, which a test sets; the clocks that measure go on as they are."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            pytest.skip("no C compiler is installed, which makes the clock (apt install gcc)")
        library, self._file = folder / "wall_clock.so", folder / "clock"
        source = Path(__file__).with_name("wall_clock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
        self._file.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(self._file)}

    def set(self, offset: timedelta) -> None:
        """Let it be so far from the truth."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", round(offset.total_seconds())))


@pytest.mark.parametrize(
    "jump",
    [pytest.param(DAY, id="on", marks=pytest.mark.heavy), pytest.param(-DAY, id="back")],
)
def test_the_time_of_day_jumps_by_a_day(
    scene: Scene, notices: Notices, reference: Heard, jump: timedelta
) -> None:
    """Words, intervals, limits of programs and signs of life are as if it had not; records tell the jump."""
    clock = WallClock(scene.folder)
    rules: list[dict[str, Any]] = [
        {"say": "*", "command": {"argv": ["sleep", "90000"], "timeout_s": 3600}}
    ]
    env = {**clock.env, "NOTIFY_SOCKET": str(notices.path), "WATCHDOG_USEC": "600000"}
    with scene.daemon({**env, "HOME": str(scene.folder)}, actions=rules) as daemon:
        daemon.wait_for("listening to")
        scene.say(AUDIO[:HALF], daemon)
        clock.set(jump)
        for _ in range(3):
            daemon.summary()
        notices.until_quiet(0.01)
        summary = scene.say(AUDIO[HALF:], daemon, so_far=HALF)
        notices.until("WATCHDOG=1")
        assert_nothing_was_lost(summary, AUDIO)
        assert summary["actions"]["failed"] == 0, "the limit of an hour was taken for over"
        assert daemon.stop(signal.SIGTERM) == 0
    assert scene.heard() == reference
    summaries = scene.records("summary")
    times = [datetime.fromisoformat(r["time"].replace("Z", "+00:00")) for r in summaries]
    steps = [after - before for before, after in pairwise(times)]
    [jumped] = [step for step in steps if abs(step) > DAY / 2]
    assert abs(jumped - jump) < DAY / 24
    uptimes = [r["uptime_s"] for r in summaries]
    assert uptimes == sorted(uptimes)
    assert all(r["interval_s"] < 60 for r in summaries)
    assert len(summaries) <= uptimes[-1] / INTERVAL_S + 1


def test_a_process_that_stood_still_goes_on(
    scene: Scene, notices: Notices, reference: Heard
) -> None:
    """After a stop it works on what has waited, gives a sign of life, and makes up for no summary."""
    env = {"NOTIFY_SOCKET": str(notices.path), "WATCHDOG_USEC": "600000"}
    telemetry = {**SETTINGS["telemetry"], "interval_s": INTERVAL_S}
    with scene.daemon(env, telemetry=telemetry) as daemon:
        daemon.wait_for("listening to")
        scene.say(AUDIO[:HALF], daemon)
        stopped_s = _stand_still(daemon.process.pid, scene)
        notices.until_quiet(0.01)
        summary = scene.say(AUDIO[HALF:], daemon, so_far=HALF)
        notices.until("WATCHDOG=1")
        assert_nothing_was_lost(summary, AUDIO)
        assert daemon.stop(signal.SIGTERM) == 0
    assert scene.heard() == reference
    summaries = scene.records("summary")
    assert len(summaries) <= (summaries[-1]["uptime_s"] - stopped_s) / INTERVAL_S + 2
    assert max(r["interval_s"] for r in summaries) >= stopped_s


def _stand_still(pid: int, scene: Scene) -> float:
    """Stop a process for a while; return for how long at least."""
    os.kill(pid, signal.SIGSTOP)
    scene.until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "T")
    began_s = time.monotonic()
    while time.monotonic() < began_s + STOPPED_S:
        time.sleep(0.05)
    stopped_s = time.monotonic() - began_s
    os.kill(pid, signal.SIGCONT)
    return stopped_s
