"""ActionWorker with shipped fakes and real programs; waiting is for events, never for time."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_daemon.actions import ActionCounts, ActionWorker, Job, Rule
from edge_daemon.actions.command import CommandAction
from edge_daemon.actions.recording import RecordingAction
from edge_daemon.actions.worker import MAX_RUNNING
from edge_daemon.config import CommandConfig
from edge_daemon.errors import ActionError
from edge_daemon.types import Detection

from .programs import GIVE_UP_S, ON_AFTER_LIGHT, YES

Start = Callable[..., ActionWorker]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start workers that stop with the test."""
    workers: list[ActionWorker] = []

    def start(*rules: Rule, queue: int = 32) -> ActionWorker:
        workers.append(ActionWorker(rules, queue))
        workers[-1].start()
        return workers[-1]

    yield start
    for worker in workers:
        worker.stop(GIVE_UP_S)


def rule(action: object, say: str = "*", after: str | None = None) -> Rule:
    """Make a rule around an action."""
    return Rule(f"rule {say}", say, after, action)  # type: ignore[arg-type]


def command(*argv: str) -> Rule:
    """Make a rule that runs a program."""
    return rule(CommandAction(CommandConfig(argv=list(argv))))


def settled(worker: ActionWorker) -> ActionCounts:
    """Wait until nothing waits or runs."""
    assert worker.finish(GIVE_UP_S), worker.counts()
    return worker.counts()


class GateAction:
    """Holds the worker's thread until the gate is opened."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.runs = 0

    def run(self, detection: Detection) -> None:
        """Wait at the gate."""
        self.runs += 1
        self.entered.set()
        self.gate.wait(GIVE_UP_S)


class OpenJob:
    """A job that ends when it is told to, or when it is cancelled often enough."""

    def __init__(self, cancels_needed: int = 1) -> None:
        self.polled = threading.Event()
        self.ended = False
        self.cancels_needed = cancels_needed

    def poll(self) -> bool:
        """Tell that it was polled."""
        self.polled.set()
        if self.cancels_needed <= 0:
            raise ActionError("was cancelled")
        return self.ended

    def cancel(self) -> None:
        """Count the cancel."""
        self.cancels_needed -= 1


class JobAction:
    """Hands out the jobs it was given."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = list(jobs)

    def run(self, detection: Detection) -> Job:
        """Give the next job."""
        return self.jobs.pop(0)


def test_only_matching_rules_run(start: Start) -> None:
    """A detection runs the actions of its word and of every word, and no other."""
    yes, light_on, every = RecordingAction(), RecordingAction(), RecordingAction()
    worker = start(rule(yes, "yes"), rule(light_on, "on", "light"), rule(every))
    worker.submit(YES)
    worker.submit(ON_AFTER_LIGHT)
    assert every.wait_for(2)
    assert settled(worker) == ActionCounts(done=4)
    assert (yes.detections, light_on.detections) == ([YES], [ON_AFTER_LIGHT])


def test_detections_before_the_start_wait(start: Start) -> None:
    """What is submitted before the start is run after it."""
    recording = RecordingAction()
    worker = ActionWorker([rule(recording)])
    worker.submit(YES)
    worker.start()
    assert recording.wait_for(1)
    worker.stop(GIVE_UP_S)


@pytest.mark.parametrize("error", [ActionError("no lamp"), RuntimeError("bug"), KeyError()])
def test_failing_action_does_not_stop_the_others(
    start: Start, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """An action that raises anything is logged and counted, and the worker goes on."""
    failing, good = RecordingAction(error), RecordingAction()
    worker = start(rule(failing), rule(good))
    worker.submit(YES)
    worker.submit(YES)
    assert good.wait_for(2)
    assert settled(worker) == ActionCounts(done=2, failed=2)
    assert sum("rule *: failed" in m for m in caplog.messages) == 2
    assert all(bool(r.exc_info) != isinstance(error, ActionError) for r in caplog.records)


def test_job_that_raises_is_over(start: Start) -> None:
    """A job whose poll raises anything is counted as failed once and not polled again."""

    class BrokenJob(OpenJob):
        def poll(self) -> bool:
            raise ZeroDivisionError

    worker = start(rule(JobAction(BrokenJob())))
    worker.submit(YES)
    assert settled(worker) == ActionCounts(failed=1)


def test_storm_of_submits_never_blocks(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Of 10,000 detections while an action hangs, the queue holds its size and drops the rest."""
    hanging = GateAction()
    worker = start(rule(hanging), queue=32)
    worker.submit(YES)
    assert hanging.entered.wait(GIVE_UP_S)
    for _ in range(10_000):
        worker.submit(YES)
    assert worker.counts() == ActionCounts(dropped=10_000 - 32, running=1, waiting=32)
    hanging.gate.set()
    assert settled(worker) == ActionCounts(done=33, dropped=10_000 - 32)
    assert sum("actions dropped" in m for m in caplog.messages) <= 2


def test_counts_add_up_in_a_storm_from_many_threads(start: Start) -> None:
    """Every action submitted by any thread is done or dropped, never lost or doubled."""
    recording = RecordingAction()
    worker = start(rule(recording), queue=4)

    def submit_many() -> None:
        for _ in range(2_500):
            worker.submit(YES)

    threads = [threading.Thread(target=submit_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = settled(worker)
    assert counts.done + counts.dropped == 10_000
    assert counts.done == len(recording.detections)


def test_running_job_does_not_hold_others(start: Start) -> None:
    """While a program runs, other actions are begun and done."""
    job, recording = OpenJob(), RecordingAction()
    worker = start(rule(JobAction(job), "yes"), rule(recording, "on"))
    worker.submit(YES)
    assert job.polled.wait(GIVE_UP_S)
    worker.submit(ON_AFTER_LIGHT)
    assert recording.wait_for(1)
    job.ended = True
    assert settled(worker) == ActionCounts(done=2)


def test_jobs_at_a_time_are_bounded(start: Start) -> None:
    """Beyond the bound of running jobs, actions wait in the queue and run later."""
    jobs = [OpenJob() for _ in range(MAX_RUNNING + 2)]
    worker = start(rule(JobAction(*jobs)), queue=100)
    for _ in jobs:
        worker.submit(YES)
    assert jobs[MAX_RUNNING - 1].polled.wait(GIVE_UP_S)
    counts = worker.counts()
    assert (counts.running, counts.waiting) == (MAX_RUNNING, 2)
    for job in jobs:
        job.ended = True
    assert settled(worker).done == MAX_RUNNING + 2


def test_real_programs(start: Start) -> None:
    """Programs that succeed and fail are counted as such."""
    worker = start(command("true"), command("false"), command("no-such-program"))
    worker.submit(YES)
    assert settled(worker) == ActionCounts(done=1, failed=2)


def test_busy_program_is_dropped(start: Start, tmp_path: Path) -> None:
    """A program that still runs is not started again; the second run counts as dropped."""
    os.mkfifo(tmp_path / "fifo")
    worker = start(command("cat", str(tmp_path / "fifo")))
    worker.submit(YES)
    with (tmp_path / "fifo").open("w"):  # opens once cat reads
        worker.submit(YES)
        while worker.counts().waiting or not worker.counts().dropped:
            threading.Event().wait(0.005)
    assert settled(worker) == ActionCounts(done=1, dropped=1)


def test_finish_waits_for_all_that_was_submitted(start: Start) -> None:
    """After a finish, everything that was submitted before it is done, and more can come."""
    recording = RecordingAction()
    worker = start(rule(recording), command("true"))
    for n in range(1, 4):
        worker.submit(YES)
        assert worker.finish(GIVE_UP_S)
        assert len(recording.detections) == n
    assert worker.counts() == ActionCounts(done=6)


def test_finish_ends_with_its_time(start: Start) -> None:
    """A finish with an action that goes on returns False when its time is up."""
    job = OpenJob()
    worker = start(rule(JobAction(job)))
    worker.submit(YES)
    assert not worker.finish(0.05)
    job.ended = True
    assert worker.finish(GIVE_UP_S)


def test_stop_lets_jobs_end(start: Start) -> None:
    """A job that ends within the time of the stop is not cancelled."""
    job = OpenJob()
    worker = start(rule(JobAction(job)))
    worker.submit(YES)
    assert job.polled.wait(GIVE_UP_S)
    job.ended = True
    worker.stop(GIVE_UP_S)
    assert worker.counts() == ActionCounts(done=1)


@pytest.mark.parametrize("cancels_needed", [1, 2])
def test_stop_cancels_what_runs(start: Start, cancels_needed: int) -> None:
    """A job that goes on is asked, then forced, to end."""
    job = OpenJob(cancels_needed)
    worker = start(rule(JobAction(job)))
    worker.submit(YES)
    assert job.polled.wait(GIVE_UP_S)
    worker.stop(0.6)
    assert worker.counts() == ActionCounts(failed=1)


def test_stop_ends_a_real_program(start: Start, tmp_path: Path) -> None:
    """A program and its children do not outlive the worker."""
    os.mkfifo(tmp_path / "fifo")
    script = f"sleep 600 & exec 3> {tmp_path / 'fifo'}; wait"
    worker = start(command("sh", "-c", script))
    worker.submit(YES)
    with (tmp_path / "fifo").open() as fifo:
        worker.stop(0.6)
        assert fifo.read() == ""  # the end of file comes when the last writer has gone
    assert worker.counts().failed == 1


def test_stop_drops_what_waits(start: Start) -> None:
    """What waits at the stop, and what comes after it, is dropped and counted."""
    hanging = GateAction()
    worker = start(rule(hanging))
    for _ in range(3):
        worker.submit(YES)
    assert hanging.entered.wait(GIVE_UP_S)
    stopper = threading.Thread(target=worker.stop, args=(GIVE_UP_S,))
    stopper.start()
    while worker.counts().waiting:
        threading.Event().wait(0.005)
    hanging.gate.set()
    stopper.join()
    worker.submit(YES)
    assert worker.counts() == ActionCounts(done=1, dropped=3)
    assert hanging.runs == 1


def test_stop_returns_although_an_action_hangs(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """An action that holds the thread does not hold the stop, and running jobs are ended."""
    job, hanging = OpenJob(cancels_needed=2), GateAction()
    worker = start(rule(JobAction(job), "yes"), rule(hanging, "on"))
    worker.submit(YES)
    assert job.polled.wait(GIVE_UP_S)
    worker.submit(ON_AFTER_LIGHT)
    assert hanging.entered.wait(GIVE_UP_S)
    worker.stop(0.05)
    assert job.cancels_needed == 0
    assert "left behind" in caplog.text
    hanging.gate.set()


def test_stop_without_start_and_twice(caplog: pytest.LogCaptureFixture) -> None:
    """A stop before the start, and a second stop, do nothing."""
    worker = ActionWorker([rule(RecordingAction())])
    with caplog.at_level(logging.WARNING):
        worker.stop(1.0)
        worker.stop(1.0)
    assert worker.counts() == ActionCounts()
