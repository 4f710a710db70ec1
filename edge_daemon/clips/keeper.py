"""Keeps the audio around each detection, in a thread that never holds up the listening."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from queue import Empty, Full, Queue
from typing import TypeAlias

import msgspec

from edge_daemon.audio.history import History
from edge_daemon.clips.folder import ClipFolder
from edge_daemon.clips.labels import ClipLabel, Verdict
from edge_daemon.clips.names import clip_name
from edge_daemon.config import ClipsConfig
from edge_daemon.types import Detection, Samples

_LOG = logging.getLogger(__name__)

QUEUE = 16
"""Clips and remarks that wait for the disk; more are dropped and counted."""
LATE_S = 2.0
"""A detection may be told so much later than its decision fell: a block is at most half of it."""
BOUND_EVERY_S = 3600.0
"""Clips that have become too old go, even where no new one comes."""

Clock: TypeAlias = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class _Clip:
    """A detection whose audio is wanted."""

    def __init__(self, detection: Detection, time: datetime, decision: int, end: int) -> None:
        self.detection = detection
        self.time = time
        self.decision = decision
        """The sample of the stream at which the decision fell."""
        self.end = end
        """The sample before which the clip ends."""
        self.verdict: Verdict | None = None
        self.file: str | None = None
        """Its name, once it is kept; only the thread looks at it."""


class ClipKeeper:
    """Takes all audio, keeps the newest of it in memory, and writes only what was heard.

    Everything but `stop` returns at once. What cannot be written is counted, and the log says so
    once until it can be again.

    Parameters
    ----------
    config : ClipsConfig
        ``path`` is set.
    rate_hz : int
    model : str
        Name and version of what hears the words; it may be set anew.
    now : callable
        Tells the time in UTC.
    """

    def __init__(
        self, config: ClipsConfig, rate_hz: int, model: str = "", now: Clock = _utc_now
    ) -> None:
        if config.path is None:
            raise ValueError("clips.path: there is no folder to keep clips in")
        self.model = model
        self.n_kept = 0
        self.n_lost = 0
        """Clips that could not be written."""
        self._config = config
        self._rate_hz = rate_hz
        self._now = now
        self._folder = ClipFolder(config, Path(config.path), rate_hz)
        self._n_after = round(config.after_s * rate_hz)
        self._n_samples = round(config.before_s * rate_hz) + self._n_after
        self._end = 0
        self._waiting: list[_Clip] = []
        self._newest: _Clip | None = None
        self._forget()
        self._is_failing = False
        self._is_stopping = False
        self._jobs: Queue[Callable[[], None] | None] = Queue(QUEUE)
        self._thread = threading.Thread(target=self._work, name="clips", daemon=True)
        self._thread.start()

    def push(self, samples: Samples, end_s: float) -> None:
        """Take the next audio.

        Parameters
        ----------
        samples : Samples [shape=(n,), dtype=int16]
            What the recognition was given: silence while it is muted.
        end_s : float
            The stream's time at the end of it, in seconds.
        """
        end = round(end_s * self._rate_hz)
        if end - len(samples) != self._end:  # another stream, or the first of this keeper's
            self._end_waiting()
            self._forget()
        self._history.push(samples)
        self._end = end
        if self._waiting:
            self._end_waiting(up_to=end)

    def heard(self, detection: Detection) -> None:
        """Keep the audio around the decision, once all of it has come."""
        decision = round(detection.time_s * self._rate_hz)
        clip = _Clip(detection, self._next_time(), decision, decision + self._n_after)
        self._newest = clip
        self._waiting.append(clip)
        self._end_waiting(up_to=self._end)

    def mark_false(self) -> None:
        """Note with the newest detection's clip that nobody had said the word."""
        clip = self._newest
        if clip is not None:
            self._put(lambda: self._judge(clip, "false"))

    def stop(self, timeout_s: float) -> None:
        """Write what is there, but wait no longer than this for the disk."""
        self._end_waiting()
        self._is_stopping = True
        with contextlib.suppress(Full):  # it looks at `_is_stopping` after each
            self._jobs.put_nowait(None)
        self._thread.join(timeout_s)

    def _next_time(self) -> datetime:
        """Return the time, and never that of another clip: the files are named by it."""
        now = self._now()
        if self._newest is not None:
            now = max(now, self._newest.time + timedelta(milliseconds=1))
        return now

    def _forget(self) -> None:
        self._history = History(self._n_samples + round(LATE_S * self._rate_hz))

    def _end_waiting(self, up_to: int | None = None) -> None:
        """Cut out the clips that end by then, or all that wait, as far as their audio has come."""
        due = [clip for clip in self._waiting if up_to is None or clip.end <= up_to]
        if not due:
            return
        self._waiting = [clip for clip in self._waiting if clip not in due]
        newest = self._history.newest()
        first = self._end - len(newest)
        for clip in due:
            start = max(first, clip.end - self._n_samples)
            samples = newest[start - first : max(0, clip.end - first)]
            if len(samples):
                self._hand_over(clip, samples, (clip.decision - start) / self._rate_hz)

    def _hand_over(self, clip: _Clip, samples: Samples, at_s: float) -> None:
        label = ClipLabel(
            file=clip_name(clip.time, clip.detection.label),
            label=clip.detection.label,
            after=clip.detection.after,
            score=round(float(clip.detection.score), 4),
            time=clip.time.isoformat(timespec="milliseconds"),
            model=self.model,
            at_s=round(at_s, 3),
        )
        if not self._put(lambda: self._keep(clip, samples, label)):
            self.n_lost += 1

    def _put(self, job: Callable[[], None]) -> bool:
        try:
            self._jobs.put_nowait(job)
        except Full:
            return False
        return True

    # from here on: the thread

    def _work(self) -> None:
        self._try(lambda: self._folder.begin(self._now().timestamp()))
        while True:
            try:
                job = self._jobs.get(timeout=None if self._is_stopping else BOUND_EVERY_S)
            except Empty:
                job = self._bound
            if job is None:
                return
            self._try(job)
            if self._is_stopping and self._jobs.empty():
                return

    def _bound(self) -> None:
        self._folder.bound(self._now().timestamp())

    def _keep(self, clip: _Clip, samples: Samples, label: ClipLabel) -> None:
        try:
            label = msgspec.structs.replace(label, verdict=clip.verdict)
            self._folder.keep(samples, label, self._now().timestamp())
        except Exception:
            self.n_lost += 1
            raise
        clip.file = label.file
        self.n_kept += 1
        if self._is_failing:
            self._is_failing = False
            _LOG.info("clips: kept again; %d were lost so far", self.n_lost)

    def _judge(self, clip: _Clip, verdict: Verdict) -> None:
        clip.verdict = verdict
        if clip.file is not None:
            self._folder.labels.change(
                lambda x: msgspec.structs.replace(x, verdict=verdict) if x.file == clip.file else x
            )

    def _try(self, job: Callable[[], None]) -> None:
        """Do it; that it fails is said once, until a clip was kept again."""
        try:
            job()
        except Exception as error:
            if not self._is_failing:
                _LOG.warning(
                    "clips: none can be kept in %s: %s; the daemon goes on without",
                    self._config.path, error,
                )  # fmt: skip
            self._is_failing = True
