"""All that the daemon counts, and the summary it gives of it."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Literal, TypedDict

from edge_daemon.telemetry.histogram import Histogram
from edge_daemon.telemetry.process import ProcessMeter
from edge_daemon.telemetry.timers import StageTimer
from edge_daemon.types import Block, Detection

Clock = Callable[[], float]


class Durations(TypedDict):
    """A histogram in figures; None while nothing was measured."""

    count: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class ActionFigures(TypedDict):
    """What became of the actions."""

    done: int
    failed: int
    dropped: int


class ConfirmFigures(TypedDict):
    """What the larger model said to the words that it was asked about."""

    confirmed: int
    rejected: int
    """Times that it said no; a word may be asked about at several hops."""


class ProcessFigures(TypedDict):
    """What the process costs."""

    rss_bytes: int | None
    peak_rss_bytes: int | None
    cpu_s: float
    cpu_share: float
    cpu_share_interval: float


class _WhereConfigured(TypedDict, total=False):
    confirm: ConfirmFigures


class Snapshot(_WhereConfigured):
    """Everything at one moment, over the whole run, ready for JSON."""

    uptime_s: float
    blocks: int
    samples: int
    dropped_samples: int
    overflows: int
    detections: dict[str, int]
    actions: ActionFigures
    errors: int
    latency: Durations
    """From the capture of the newest sample to the decision about it."""
    stages: dict[str, Durations]
    process: ProcessFigures


class Telemetry:
    """Counts and histograms of one run; filled by the pipeline and the daemon."""

    def __init__(self, clock: Clock = time.monotonic, process: ProcessMeter | None = None) -> None:
        self.blocks = 0
        self.samples = 0
        self.dropped_samples = 0
        self.overflows = 0
        self.errors = 0
        self.detections: Counter[str] = Counter()
        self.timer = StageTimer()
        self.latency = Histogram()
        self._actions = ActionFigures(done=0, failed=0, dropped=0)
        self._confirm: ConfirmFigures | None = None
        self._process = process or ProcessMeter()
        self._clock = clock
        self._began_s = clock()

    def count_block(self, block: Block) -> None:
        """Count the audio that came and the audio that was lost before it."""
        self.blocks += len(block.samples) > 0  # an empty one says that nothing has come
        self.samples += len(block.samples)
        self.dropped_samples += block.dropped
        self.overflows += block.overflows

    def count_detection(self, detection: Detection) -> None:
        """Count a word that was heard."""
        self.detections[detection.label] += 1

    def count_error(self) -> None:
        """Count an error that the daemon survived."""
        self.errors += 1

    def set_actions(self, done: int, failed: int, dropped: int) -> None:
        """Take over the counts of the action worker."""
        self._actions = ActionFigures(done=done, failed=failed, dropped=dropped)

    def set_confirm(self, confirmed: int, rejected: int) -> None:
        """Take over the counts of the larger model, where one is configured."""
        self._confirm = ConfirmFigures(confirmed=confirmed, rejected=rejected)

    def snapshot(self) -> Snapshot:
        """Return everything so far; ``cpu_share_interval`` counts from the snapshot before."""
        usage = self._process.read()
        snapshot = Snapshot(
            uptime_s=round(self._clock() - self._began_s, 3),
            blocks=self.blocks,
            samples=self.samples,
            dropped_samples=self.dropped_samples,
            overflows=self.overflows,
            detections=dict(self.detections),
            actions=self._actions,
            errors=self.errors,
            latency=_durations(self.latency),
            stages={name: _durations(h) for name, h in self.timer.stages.items()},
            process=ProcessFigures(
                rss_bytes=usage.rss_bytes,
                peak_rss_bytes=usage.peak_rss_bytes,
                cpu_s=round(usage.cpu_s, 3),
                cpu_share=round(usage.cpu_share, 5),
                cpu_share_interval=round(usage.cpu_share_interval, 5),
            ),
        )
        if self._confirm is not None:
            snapshot["confirm"] = self._confirm
        return snapshot

    def summary_text(self) -> str:
        """Return one readable line."""
        return text_of(self.snapshot())

    def summary(self, form: Literal["text", "json"]) -> str:
        """Return one line in the form that ``telemetry.format`` asks for."""
        return self.summary_text() if form == "text" else json.dumps(self.snapshot())


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


def text_of(snapshot: Snapshot) -> str:
    """Put a snapshot into one line."""
    heard = " ".join(f"{label} {n}" for label, n in snapshot["detections"].items())
    actions, process = snapshot["actions"], snapshot["process"]
    stages = ", ".join(f"{name} {_ms(d)}" for name, d in snapshot["stages"].items())
    return "; ".join(
        [
            f"up {snapshot['uptime_s']:.0f} s",
            f"{snapshot['blocks']} blocks, {snapshot['dropped_samples']} samples dropped, "
            f"{snapshot['overflows']} overflows",
            f"heard {heard or 'nothing'}",
            *_confirm_text(snapshot),
            f"actions {actions['done']} done, {actions['failed']} failed, "
            f"{actions['dropped']} dropped",
            f"{snapshot['errors']} errors",
            f"p50/p95/p99/max ms: capture to decision {_ms(snapshot['latency'])}"
            + (f", {stages}" if stages else ""),
            f"RSS {_mib(process['rss_bytes'])} (peak {_mib(process['peak_rss_bytes'])}) MiB",
            f"CPU {100 * process['cpu_share']:.2f} % of a core",
        ]
    )


def _confirm_text(snapshot: Snapshot) -> list[str]:
    if "confirm" not in snapshot:
        return []
    figures = snapshot["confirm"]
    return [f"{figures['confirmed']} confirmed, {figures['rejected']} rejected"]


def _durations(histogram: Histogram) -> Durations:
    return Durations(
        count=histogram.count,
        p50_ms=_in_ms(histogram.percentile(50)),
        p95_ms=_in_ms(histogram.percentile(95)),
        p99_ms=_in_ms(histogram.percentile(99)),
        max_ms=_in_ms(histogram.max),
    )


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 4)


def _ms(durations: Durations) -> str:
    figures = [durations[key] for key in ("p50_ms", "p95_ms", "p99_ms", "max_ms")]
    return "/".join("-" if x is None else f"{x:.3g}" if x < 100 else f"{x:.0f}" for x in figures)


def _mib(size_bytes: int | None) -> str:
    return "-" if size_bytes is None else f"{size_bytes / 2**20:.1f}"
