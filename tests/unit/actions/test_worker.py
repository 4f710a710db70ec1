"""ActionWorker with shipped fakes and real programs; waiting is for events, never for time."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.actions import ActionCounts, ActionWorker, Job, Rule
from edge_daemon.actions.command import CommandAction
from edge_daemon.actions.recording import RecordingAction
from edge_daemon.actions.worker import MAX_RUNNING
from edge_daemon.config import CommandConfig
from edge_daemon.errors import ActionError
from edge_daemon.types import Detection

from .programs import GIVE_UP_S, ON_AFTER_LIGHT, YES, python

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


class HoldingJob:
    """A job whose one poll holds the thread until the gate is opened, as a dead server does."""

    def __init__(self, other: RecordingAction) -> None:
        self.held = threading.Event()
        self.gate = threading.Event()
        self.other = other
        self.seen = -1

    def poll(self) -> bool:
        """Note how often the other action has run by now, and wait."""
        self.seen = len(self.other.detections)
        self.held.set()
        self.gate.wait(GIVE_UP_S)
        return True

    def cancel(self) -> None:
        """Go on."""


class CancelledJob(OpenJob):
    """A job that ends by itself some time after the first cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.cancelled = threading.Event()
        self.cancels = 0

    def cancel(self) -> None:
        """Count the cancel."""
        super().cancel()
        self.cancels += 1
        self.cancelled.set()


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
    worker = start(rule(JobAction(*jobs)), queue=len(jobs))
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


def test_other_rules_take_over(start: Start) -> None:
    """What waits runs as it was submitted; what comes after that goes by the new rules and queue."""
    hanging, after = GateAction(), RecordingAction()
    worker = start(rule(hanging), queue=2)
    worker.submit(YES)
    assert hanging.entered.wait(GIVE_UP_S)
    worker.submit(YES)
    worker.replace_rules([rule(after, "on")], queue=3)
    worker.submit(YES)
    for _ in range(4):
        worker.submit(ON_AFTER_LIGHT)
    hanging.gate.set()
    assert settled(worker) == ActionCounts(done=4, dropped=2)
    assert (hanging.runs, after.detections) == (2, [ON_AFTER_LIGHT] * 2)


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


def test_stop_kills_a_program_that_ignores_sigterm(start: Start, tmp_path: Path) -> None:
    """A program that does not heed SIGTERM is killed and counted as failed."""
    os.mkfifo(tmp_path / "fifo")
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"keep = open({str(tmp_path / 'fifo')!r}, 'w'); time.sleep(600)"
    )
    worker = start(command(*python(code)), rule(RecordingAction()))
    worker.submit(YES)
    with (tmp_path / "fifo").open() as fifo:
        worker.stop(0.7)
        assert fifo.read() == ""
    assert worker.counts() == ActionCounts(done=1, failed=1)


KINDS: dict[str, Callable[[], object]] = {
    "done": RecordingAction,
    "failed": lambda: RecordingAction(ActionError("no")),
    "ends when cancelled": lambda: JobAction(*(OpenJob(1) for _ in range(9))),
    "ends when killed": lambda: JobAction(*(OpenJob(2) for _ in range(9))),
    "never ends": lambda: JobAction(*(OpenJob(3) for _ in range(9))),
    "broken": JobAction,
    "program": lambda: CommandAction(CommandConfig(argv=["sleep", "600"], concurrency=2)),
}


@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=4),
    n_before=st.integers(0, 4),
    n_after=st.integers(0, 2),
    queue=st.integers(1, 8),
    begun=st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_after_a_stop_every_action_is_accounted_for(
    kinds: list[str], n_before: int, n_after: int, queue: int, begun: bool
) -> None:
    """Submitted is done, failed and dropped together, whatever the actions do and when it stops."""
    worker = ActionWorker([rule(KINDS[kind]()) for kind in kinds], queue)
    worker.start()
    for _ in range(n_before):
        worker.submit(YES)
    if begun:
        worker.finish(0.05)
    worker.stop(0.02)
    for _ in range(n_after):
        worker.submit(YES)
    counts = worker.counts()
    assert (counts.running, counts.waiting) == (0, 0)
    assert counts.done + counts.failed + counts.dropped == (n_before + n_after) * len(kinds)


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
    assert "that do not end: 2; they are left behind" in caplog.text
    assert worker.counts() == ActionCounts(failed=2)
    hanging.gate.set()
    worker._thread.join(GIVE_UP_S)
    assert worker.counts() == ActionCounts(failed=2)


def test_stop_asks_before_it_forces_although_an_action_hangs(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the thread is held, a program has the time between the two cancels to end by itself."""
    monkeypatch.setattr("edge_daemon.actions.worker.CANCEL_BEFORE_END_S", GIVE_UP_S)
    program, hanging = CancelledJob(), GateAction()
    worker = start(rule(JobAction(program), "yes"), rule(hanging, "on"))
    worker.submit(YES)
    assert program.polled.wait(GIVE_UP_S)
    worker.submit(ON_AFTER_LIGHT)
    assert hanging.entered.wait(GIVE_UP_S)
    stopper = threading.Thread(target=worker.stop, args=(GIVE_UP_S,))
    stopper.start()
    assert program.cancelled.wait(GIVE_UP_S)
    hanging.gate.set()
    stopper.join()
    assert worker.counts() == ActionCounts(done=1, failed=1)
    assert program.cancels == 1


def test_job_that_begins_during_the_stop_is_cancelled(start: Start) -> None:
    """A job whose start was held up until after the cancels gets them all the same."""

    class SlowStart(GateAction):
        job = OpenJob(2)

        def run(self, detection: Detection) -> OpenJob:  # type: ignore[override]
            super().run(detection)
            return self.job

    slow = SlowStart()
    worker = start(rule(slow))
    worker.submit(YES)
    assert slow.entered.wait(GIVE_UP_S)
    worker.stop(0.0)
    slow.gate.set()
    worker._thread.join(GIVE_UP_S)
    assert slow.job.cancels_needed == 0


def test_what_waits_goes_before_a_poll_that_may_hold_the_thread(start: Start) -> None:
    """What was submitted during one slow attempt is begun before the next one."""
    recording = RecordingAction()
    first, second = HoldingJob(recording), HoldingJob(recording)
    both, other = rule(JobAction(first, second), "yes"), rule(recording, "on")
    worker = ActionWorker([both, other])
    worker.submit(YES)
    worker.submit(YES)
    worker.start()
    assert first.held.wait(GIVE_UP_S)
    worker.submit(ON_AFTER_LIGHT)
    first.gate.set()
    second.gate.set()
    assert settled(worker) == ActionCounts(done=3)
    assert (first.seen, second.seen) == (0, 1)
    worker.stop(GIVE_UP_S)


def test_stop_without_start_and_twice(caplog: pytest.LogCaptureFixture) -> None:
    """A stop before the start, and a second stop, do nothing."""
    worker = ActionWorker([rule(RecordingAction())])
    with caplog.at_level(logging.WARNING):
        worker.stop(1.0)
        worker.stop(1.0)
    assert worker.counts() == ActionCounts()
