"""All figures of one moment, ready for JSON."""

from __future__ import annotations

from typing import TypedDict

from edge_daemon.telemetry.histogram import Histogram
from edge_daemon.telemetry.sensors.figures import SensorFigures


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


class GateFigures(TypedDict):
    """What the gate before the model let through."""

    hops: int
    skipped: int
    """Hops without an inference."""
    openings: int
    floor_dbfs: float
    """The noise floor that it follows."""


class ProcessFigures(TypedDict):
    """What the process costs."""

    rss_bytes: int | None
    peak_rss_bytes: int | None
    cpu_s: float
    cpu_share: float
    cpu_share_interval: float


class RecordFigures(TypedDict):
    """What became of the records of ``telemetry.log``."""

    written: int
    lost: int


class IntervalFigures(TypedDict):
    """What came since the snapshot before."""

    seconds: float
    audio_s: float
    latency: Durations
    stages: dict[str, Durations]
    realtime_factor: float | None


class Totals(TypedDict):
    """The counts of the whole run."""

    uptime_s: float
    provider: str | None
    """What onnxruntime runs the model on."""
    blocks: int
    captured_samples: int
    """Came in, as counted where the audio system hands it over."""
    samples: int
    """Of these handed to the pipeline, each once."""
    processed_samples: int
    """Of these worked on; at most a hop waits for the rest of it."""
    audio_s: float
    dropped_samples: int
    """Came in and were never worked on: at the end ``captured == processed + dropped``."""
    cut_samples: int
    """Those of them that waited when a stream ended; of the others the machine was too slow."""
    overflows: int
    detections: dict[str, int]
    n_triggered: int
    """Actions asked for from outside, as if the word had been heard; not among the detections."""
    n_false_alarms: int
    """Detections that somebody said were none."""
    n_unanswered: int
    """Wake words that no command followed."""
    actions: ActionFigures
    errors: int


class _WhereConfigured(TypedDict, total=False):
    confirm: ConfirmFigures
    activity: GateFigures
    sensors: SensorFigures
    records: RecordFigures


class Snapshot(Totals, _WhereConfigured):
    """Everything at one moment; over the whole run where nothing else is said."""

    latency: Durations
    """From the capture of the newest sample to the decision about it."""
    stages: dict[str, Durations]
    realtime_factor: float | None
    """Time that the stages took, by the length of the audio; below 1 it keeps up."""
    watt_hours_a_day: float | None
    """At the mean power of the interval."""
    joules_per_inference: float | None
    """Above ``telemetry.idle_w``, over the newest intervals; else see ``joules_reason``."""
    joules_reason: str
    process: ProcessFigures
    interval: IntervalFigures


def durations(histogram: Histogram) -> Durations:
    """Put a histogram into figures."""
    return Durations(
        count=histogram.count,
        p50_ms=_in_ms(histogram.percentile(50)),
        p95_ms=_in_ms(histogram.percentile(95)),
        p99_ms=_in_ms(histogram.percentile(99)),
        max_ms=_in_ms(histogram.max),
    )


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 4)
