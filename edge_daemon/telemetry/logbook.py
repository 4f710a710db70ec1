"""Where the daemon writes down what happens: the journal, the log of records, and who follows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_daemon.config import RecordLogConfig
from edge_daemon.events import Events, Happened, Heard, Summary
from edge_daemon.telemetry.record import Kind, Record, journal_fields
from edge_daemon.telemetry.record_log import RecordLog
from edge_daemon.telemetry.recording import event_record, heard_record, summary_record
from edge_daemon.telemetry.snapshot import Snapshot
from edge_daemon.types import Detection


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def _since_boot_s() -> float:
    """Read a clock that goes on while the machine sleeps, and that nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Logbook:
    """Makes a record of each thing, writes it into ``telemetry.log`` if there is one, tells it.

    Every method returns the record as the fields that its entry in the journal is to have.
    """

    def __init__(
        self,
        config: RecordLogConfig,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = _since_boot_s,
        events: Events | None = None,
    ) -> None:
        self.log: RecordLog | None = None
        self.keep_in(config)
        self._events = events or Events()
        self._now = now
        self._clock = clock
        self._began_s = clock()
        self._is_lost = False

    def keep_in(self, config: RecordLogConfig) -> None:
        """Write the records into this file from now on, or into none."""
        self.log = None
        if config.path is not None:
            path = Path(config.path)
            self.log = RecordLog(path, config.format, config.max_bytes, config.keep)

    def start(self, text: str, interval_s: float) -> dict[str, Any]:
        """Write down that the daemon begins, and how often it will give a summary."""
        record = event_record(*self._when(), "start", text)
        record.interval_s = interval_s
        return self._written(record)

    def lost(self, why: str) -> dict[str, Any]:
        """Write down that there is no audio: once, however often it is tried to get it back."""
        if not self._is_lost:
            self._is_lost = True
            return self.event("lost", why)
        return journal_fields(event_record(*self._when(), "lost", why))

    def event(self, kind: Kind, text: str = "") -> dict[str, Any]:
        """Write down something that happened."""
        self._events.publish(Happened(kind=kind, text=text))
        self._is_lost = self._is_lost and kind != "listening"
        return self._written(event_record(*self._when(), kind, text))

    def heard(self, detection: Detection, latency_s: float | None = None) -> dict[str, Any]:
        """Write down a word, and how long after its audio it was decided."""
        self._tell(detection, latency_s=latency_s)
        return self._written(heard_record(*self._when(), detection))

    def triggered(self, detection: Detection) -> dict[str, Any]:
        """Write down a word that nobody said, but somebody asked for."""
        self._tell(detection, triggered=True)
        return self._written(heard_record(*self._when(), detection, "triggered"))

    def summary(self, snapshot: Snapshot) -> dict[str, Any]:
        """Write down the figures of an interval."""
        self._events.publish(Summary(figures={**snapshot}))
        return self._written(summary_record(*self._when(), snapshot))

    def _tell(
        self, detection: Detection, triggered: bool = False, latency_s: float | None = None
    ) -> None:
        latency_ms = None if latency_s is None else round(1000.0 * latency_s, 2)
        said: dict[str, Any] = dict(detection.as_json())
        self._events.publish(Heard(**said, triggered=triggered, latency_ms=latency_ms))

    def _when(self) -> tuple[datetime, float]:
        return self._now(), round(self._clock() - self._began_s, 3)

    def _written(self, record: Record) -> dict[str, Any]:
        if self.log is not None:
            self.log.write(record)
        return journal_fields(record)
