"""The one thread that runs the actions, so that none of them can hold up the listening."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from edge_daemon.actions.action import Job
from edge_daemon.actions.rules import Rule
from edge_daemon.errors import ActionBusyError, ActionError
from edge_daemon.types import Detection

_LOG = logging.getLogger(__name__)

POLL_S = 0.03
"""Between two looks at the running jobs; there are none of these looks while nothing runs."""
MAX_RUNNING = 256
"""Jobs at a time, over all rules; further actions wait in the queue.

Each action has a lower bound of its own, so that dozens of webhooks whose servers are away, with
requests that wait for another try, hold up no program.
"""
SAY_DROPPED_EVERY_S = 1.0
"""Least time between two log lines about dropped actions."""
CANCEL_BEFORE_END_S = 0.5
"""At a stop, what still runs is cancelled this long before the time is up."""
FORCE_BEFORE_END_S = 0.15
"""And for the second time, which kills, this long before: the kernel may be busy."""
HELD_AFTER_S = 0.05
"""The thread counts as held when it is so late with a cancel."""


@dataclass(frozen=True, slots=True)
class ActionCounts:
    """What became of the actions since the start."""

    done: int = 0
    failed: int = 0
    dropped: int = 0
    """Not begun: the queue was full, the action was busy, or the daemon was stopping."""
    running: int = 0
    waiting: int = 0


@dataclass(slots=True)
class _Run:
    rule: Rule
    job: Job


class ActionWorker:
    """Takes detections without ever blocking and runs the actions that answer them."""

    def __init__(self, rules: Sequence[Rule], queue: int = 32) -> None:
        self._rules = tuple(rules)
        self._limit = queue
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Rule, Detection]] = deque()
        self._runs: list[_Run] = []
        self._beginning = False
        self._done = self._failed = self._dropped = 0
        self._dropped_unsaid = 0
        self._say_dropped_at = 0.0
        self._stop_at: float | None = None
        self._cancels = 0
        self._over = False
        self._thread = threading.Thread(target=self._work, name="actions", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, detection: Detection) -> None:
        """Queue every action that answers the detection; what finds no room is dropped."""
        tasks = [(rule, detection) for rule in self._rules if rule.matches(detection)]
        if not tasks:
            return
        with self._changed:
            room = 0 if self._stop_at is not None else self._limit - len(self._waiting)
            self._waiting.extend(tasks[:room])
            # The thread says it in the log: this is the listening loop, which does no I/O.
            self._dropped += len(tasks[room:])
            self._dropped_unsaid += len(tasks[room:])
            self._changed.notify_all()

    def replace_rules(self, rules: Sequence[Rule], queue: int) -> None:
        """Answer further detections by these; what waits or runs by now goes on as it began."""
        with self._changed:
            self._rules = tuple(rules)
            self._limit = queue

    def counts(self) -> ActionCounts:
        """Return the counts so far."""
        with self._changed:
            running = len(self._runs) + self._beginning
            return ActionCounts(
                self._done, self._failed, self._dropped, running, len(self._waiting)
            )

    def finish(self, timeout_s: float) -> bool:
        """Wait until nothing waits or runs; return False if the time was up before."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Drop what waits, let what runs end, cancel the rest, and return within the time.

        Afterwards every action that was submitted counts as done, failed or dropped.
        """
        with self._changed:
            if self._stop_at is None:
                self._stop_at = time.monotonic() + timeout_s
            self._dropped += len(self._waiting)
            self._dropped_unsaid += len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._see_to_the_end(self._stop_at)

    def _see_to_the_end(self, stop_at: float) -> None:
        """Join the thread; while a webhook holds it, do its part: no program may outlive us."""
        for n, end in enumerate(_cancel_times(stop_at), start=1):
            self._thread.join(max(0.0, end + HELD_AFTER_S - time.monotonic()))
            self._cancel_all(n)
        self._thread.join(max(0.0, stop_at - time.monotonic()))
        self._count_as_failed()

    def _count_as_failed(self) -> None:
        """Give up what has not ended; nothing is counted after that."""
        with self._changed:
            self._over = True
            left = len(self._runs) + self._beginning
            self._failed += left
            self._runs.clear()
            self._beginning = False
        if left:
            _LOG.warning("actions that do not end: %d; they are left behind", left)

    def _work(self) -> None:
        while self._stop_at is None:
            with self._changed:
                self._changed.wait_for(self._has_work, self._longest_wait_s())
            self._begin_waiting()
            self._poll_runs()
            self._say_dropped()
        self._wind_down(self._stop_at)
        self._say_dropped()

    def _begin_waiting(self) -> None:
        """Begin what waits by now, as far as there is room."""
        for _ in range(len(self._waiting)):
            if (task := self._next_task()) is None:
                return
            self._begin(*task)

    def _next_task(self) -> tuple[Rule, Detection] | None:
        with self._changed:
            if not self._waiting or not self._has_room():
                return None
            self._beginning = True
            return self._waiting.popleft()

    def _has_work(self) -> bool:
        return self._stop_at is not None or (bool(self._waiting) and self._has_room())

    def _longest_wait_s(self) -> float | None:
        if self._runs:
            return POLL_S
        return SAY_DROPPED_EVERY_S if self._dropped_unsaid else None

    def _is_idle(self) -> bool:
        return not (self._waiting or self._runs or self._beginning)

    def _has_room(self) -> bool:
        return len(self._runs) < MAX_RUNNING

    def _begin(self, rule: Rule, detection: Detection) -> None:
        _LOG.debug("%s: begins for %r", rule.name, detection.label)
        try:
            job = rule.action.run(detection)
        except ActionBusyError as error:
            _LOG.warning("%s: dropped: %s", rule.name, error, extra={"EDGE_ACTION": rule.name})
            self._settle(dropped=1)
        except Exception as error:
            _say_failed(rule, error)
            self._settle(failed=1)
        else:
            if job is None:
                self._settle(done=1)
            else:
                self._settle(begun=_Run(rule, job))
                for _ in range(self._cancels):
                    job.cancel()  # it began too late for these

    def _poll_runs(self) -> None:
        for run in list(self._runs):
            self._begin_waiting()  # before a poll that may hold the thread
            try:
                if run.job.poll():
                    self._settle(ended=run, done=1)
            except Exception as error:
                _say_failed(run.rule, error)
                self._settle(ended=run, failed=1)

    def _settle(
        self,
        *,
        begun: _Run | None = None,
        ended: _Run | None = None,
        done: int = 0,
        failed: int = 0,
        dropped: int = 0,
    ) -> None:
        """Note what became of an action, in one step for those who look on."""
        with self._changed:
            if self._over:
                return
            self._beginning = False
            if begun is not None:
                self._runs.append(begun)
            if ended is not None:
                self._runs.remove(ended)
            self._done += done
            self._failed += failed
            self._dropped += dropped
            self._changed.notify_all()

    def _say_dropped(self) -> None:
        now = time.monotonic()
        stopping = self._stop_at is not None
        if not self._dropped_unsaid or (now < self._say_dropped_at and not stopping):
            return
        self._say_dropped_at = now + SAY_DROPPED_EVERY_S
        with self._changed:
            dropped, self._dropped_unsaid = self._dropped_unsaid, 0
        why = "the daemon stops" if stopping else f"the queue of {self._limit} was full"
        _LOG.warning("actions dropped: %d (%s)", dropped, why)

    def _wind_down(self, stop_at: float) -> None:
        for n, end in enumerate(_cancel_times(stop_at), start=1):
            self._poll_until(end)
            self._cancel_all(n)
        self._poll_until(stop_at)

    def _poll_until(self, end: float) -> None:
        while self._runs:
            self._poll_runs()
            left_s = end - time.monotonic()
            if not self._runs or left_s <= 0:
                return
            time.sleep(min(POLL_S, left_s))

    def _cancel_all(self, n: int) -> None:
        """Cancel for the ``n``-th time, unless the other thread has done so."""
        with self._changed:
            if self._cancels >= n:
                return
            self._cancels = n
            runs = list(self._runs)
        for run in runs:
            try:
                run.job.cancel()
            except Exception:
                _LOG.exception("%s: cannot be cancelled", run.rule.name)


def _cancel_times(stop_at: float) -> tuple[float, float]:
    return stop_at - CANCEL_BEFORE_END_S, stop_at - FORCE_BEFORE_END_S


def _say_failed(rule: Rule, error: Exception) -> None:
    # An ActionError says all there is to say; anything else is a bug and shows its place.
    trace = None if isinstance(error, ActionError) else error
    reason = str(error) or type(error).__name__
    extra = {"EDGE_ACTION": rule.name}
    _LOG.warning("%s: failed: %s", rule.name, reason, exc_info=trace, extra=extra)
