"""Real programs for the tests, and a patient way to follow a job to its end."""

from __future__ import annotations

import sys
import threading

from edge_daemon.actions.action import Job
from edge_daemon.types import Detection

YES = Detection("yes", 0.91234, 12.3456)
ON_AFTER_LIGHT = Detection("on", 0.8, 2.0, after="light")
GIVE_UP_S = 15.0
"""Only so that a broken test ends; no test depends on it."""


def python(code: str) -> list[str]:
    """Return the argv of a small Python program."""
    return [sys.executable, "-S", "-c", code]


def finish(job: Job | None) -> None:
    """Poll until the job has ended well; its failure is raised."""
    assert job is not None
    tick = threading.Event()
    for _ in range(int(GIVE_UP_S / 0.01)):
        if job.poll():
            return
        tick.wait(0.01)
    raise AssertionError("the job does not end")


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now
