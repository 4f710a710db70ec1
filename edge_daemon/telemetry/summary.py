"""All that the daemon counts and measures of itself."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from edge_daemon.telemetry.above_idle import EnergyAboveIdle
from edge_daemon.telemetry.histogram import Histogram
from edge_daemon.telemetry.process import ProcessMeter, ProcessUsage
from edge_daemon.telemetry.sensors.figures import SensorFigures
from edge_daemon.telemetry.snapshot import (
    ActionFigures,
    ConfirmFigures,
    GateFigures,
    IntervalFigures,
    ProcessFigures,
    RecordFigures,
    Snapshot,
    Totals,
    durations,
)
from edge_daemon.telemetry.text import text_of
from edge_daemon.telemetry.timers import StageTimer
from edge_daemon.types import Block, Detection

Clock = Callable[[], float]
_HOURS_A_DAY = 24.0


class Telemetry:
    """Counts and histograms of one run; filled by the pipeline and the daemon.

    Parameters
    ----------
    clock : callable
    process : ProcessMeter, optional
    idle_w : float, optional
        Power of the idle board, for the energy of an inference.
    """

    def __init__(
        self,
        clock: Clock = time.monotonic,
        process: ProcessMeter | None = None,
        idle_w: float | None = None,
    ) -> None:
        self.blocks = 0
        self.samples = 0
        self.captured_samples = 0
        self.processed_samples = 0
        self.dropped_samples = 0
        self.cut_samples = 0
        self.overflows = 0
        self.errors = 0
        self.detections: Counter[str] = Counter()
        self.n_triggered = 0
        self.n_false_alarms = 0
        self.n_unanswered = 0
        self.timer = StageTimer()
        self.latency = Histogram()
        self.rate_hz = 16000
        """Sample rate of the audio that is counted."""
        self.provider: str | None = None
        self._actions = ActionFigures(done=0, failed=0, dropped=0)
        self._confirm: ConfirmFigures | None = None
        self._activity: GateFigures | None = None
        self._sensors: SensorFigures | None = None
        self._records: RecordFigures | None = None
        self.set_idle_power(idle_w)
        self._process = process or ProcessMeter()
        self._clock = clock
        self._began_s = self._last_s = clock()
        self._last_samples = self._last_inferences = 0

    def count_block(self, block: Block) -> None:
        """Count the audio that came."""
        self.blocks += len(block.samples) > 0  # an empty one says that nothing has come
        self.samples += len(block.samples)
        self.overflows += block.overflows

    def set_audio(self, captured: int, processed: int, overwritten: int, cut: int) -> None:
        """Take over what came in, what the pipeline has worked on, and what was lost between.

        ``overwritten`` because the machine was too slow, ``cut`` because a stream ended.
        """
        self.captured_samples = captured
        self.processed_samples = processed
        self.dropped_samples = overwritten + cut
        self.cut_samples = cut

    def count_detection(self, detection: Detection) -> None:
        """Count a word that was heard."""
        self.detections[detection.label] += 1

    def count_error(self) -> None:
        """Count an error that the daemon survived."""
        self.errors += 1

    def set_idle_power(self, idle_w: float | None) -> None:
        """Count the energy of an inference from this power of the idle board."""
        self._energy = EnergyAboveIdle(idle_w)

    def set_actions(self, done: int, failed: int, dropped: int) -> None:
        """Take over the counts of the action worker."""
        self._actions = ActionFigures(done=done, failed=failed, dropped=dropped)

    def set_confirm(self, confirmed: int, rejected: int) -> None:
        """Take over the counts of the larger model, where one is configured."""
        self._confirm = ConfirmFigures(confirmed=confirmed, rejected=rejected)

    def set_activity(self, hops: int, skipped: int, openings: int, floor_dbfs: float) -> None:
        """Take over the counts of the gate before the model, where there is one."""
        self._activity = GateFigures(
            hops=hops, skipped=skipped, openings=openings, floor_dbfs=round(floor_dbfs, 1)
        )

    def set_sensors(self, figures: SensorFigures) -> None:
        """Take over what the sensors said since the last time, where there are any."""
        self._sensors = figures

    def set_records(self, written: int, lost: int) -> None:
        """Take over the counts of the log of records, where there is one."""
        self._records = RecordFigures(written=written, lost=lost)

    def forget_what_not_all_have(self) -> None:
        """Forget what only some configurations have; what this one has is soon told again."""
        self._confirm = self._activity = self._sensors = self._records = None

    @property
    def n_inferences(self) -> int:
        """How often the model was asked, those hops included that a gate let through later."""
        scored = self.timer.stages.get("model")
        return scored.count if scored else 0

    def totals(self) -> Totals:
        """Return the counts so far; the intervals go on as they are."""
        return self._totals(self._clock())

    def _totals(self, now_s: float) -> Totals:
        return Totals(
            uptime_s=round(now_s - self._began_s, 3),
            provider=self.provider,
            blocks=self.blocks,
            captured_samples=self.captured_samples,
            samples=self.samples,
            processed_samples=self.processed_samples,
            audio_s=round(self.samples / self.rate_hz, 3),
            dropped_samples=self.dropped_samples,
            cut_samples=self.cut_samples,
            overflows=self.overflows,
            detections=dict(self.detections),
            n_triggered=self.n_triggered,
            n_false_alarms=self.n_false_alarms,
            n_unanswered=self.n_unanswered,
            actions=self._actions,
            errors=self.errors,
        )

    def snapshot(self) -> Snapshot:
        """Return everything so far; what is of an interval counts from the snapshot before."""
        now_s = self._clock()
        watts = self._sensors["watts_mean"] if self._sensors else None
        interval = self._interval(now_s, watts)
        joules, reason = self._energy.joules_per_inference()
        snapshot = Snapshot(
            **self._totals(now_s),  # type: ignore[typeddict-item]  # it has none of the keys that follow
            latency=durations(self.latency),
            stages={name: durations(h) for name, h in self.timer.stages.items()},
            realtime_factor=_realtime_factor(self.timer.stages, self.samples / self.rate_hz),
            watt_hours_a_day=None if watts is None else round(_HOURS_A_DAY * watts, 3),
            joules_per_inference=joules,
            joules_reason=reason,
            process=_process_figures(self._process.read()),
            interval=interval,
        )
        self._add_what_there_is(snapshot)
        return snapshot

    def _interval(self, now_s: float, watts: float | None) -> IntervalFigures:
        """Return what came since the snapshot before, and begin the next interval."""
        seconds, n_samples = now_s - self._last_s, self.samples - self._last_samples
        self._energy.add(watts, seconds, self.n_inferences - self._last_inferences)
        self._last_s, self._last_samples = now_s, self.samples
        self._last_inferences = self.n_inferences
        stages = {name: h.take() for name, h in self.timer.stages.items()}
        return IntervalFigures(
            seconds=round(seconds, 3),
            audio_s=round(n_samples / self.rate_hz, 3),
            latency=durations(self.latency.take()),
            stages={name: durations(h) for name, h in stages.items()},
            realtime_factor=_realtime_factor(stages, n_samples / self.rate_hz),
        )

    def _add_what_there_is(self, snapshot: Snapshot) -> None:
        if self._confirm is not None:
            snapshot["confirm"] = self._confirm
        if self._activity is not None:
            snapshot["activity"] = self._activity
        if self._sensors is not None:
            snapshot["sensors"] = self._sensors
        if self._records is not None:
            snapshot["records"] = self._records


def line_of(snapshot: Snapshot, form: Literal["text", "json"]) -> str:
    """Put a snapshot into one line, in the form that ``telemetry.format`` asks for."""
    return text_of(snapshot) if form == "text" else json.dumps(snapshot)


class Interval:
    """Says when the next summary is due; a length of 0 means never."""

    def __init__(self, interval_s: float, now: float) -> None:
        self._interval_s = interval_s
        self._next = now + interval_s

    def due(self, now: float) -> bool:
        """Tell whether the time has come, and if so begin the next interval."""
        if self._interval_s <= 0 or now < self._next:
            return False
        missed = (now - self._next) // self._interval_s  # after a suspend, not once for each
        self._next += (missed + 1) * self._interval_s
        return True


def _process_figures(usage: ProcessUsage) -> ProcessFigures:
    return ProcessFigures(
        rss_bytes=usage.rss_bytes,
        peak_rss_bytes=usage.peak_rss_bytes,
        cpu_s=round(usage.cpu_s, 3),
        cpu_share=round(usage.cpu_share, 5),
        cpu_share_interval=round(usage.cpu_share_interval, 5),
    )


def _realtime_factor(stages: Mapping[str, Histogram], audio_s: float) -> float | None:
    return round(sum(h.sum_s for h in stages.values()) / audio_s, 6) if audio_s else None
