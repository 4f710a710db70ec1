"""Records of what the daemon did and measured: the same names in JSON, in CSV and the journal.

Every record has ``time``, ``uptime_s`` and ``kind``; what is not known is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct, field, to_builtins

Kind: TypeAlias = Literal[
    "start",
    "listening",
    "heard",
    "lost",
    "muted",
    "unmuted",
    "muted by hand",
    "unmuted by hand",
    "dropped",
    "triggered",
    "false alarm",
    "threshold",
    "model",
    "reload",
    "refused",
    "summary",
    "stop",
]
LATENCY = "latency"
"""From capture to decision, beside the stages."""
PERCENTILES = ("p50", "p95", "p99", "max")
_STAGES = (LATENCY, "gate", "frontend", "model", "decision")
_JOURNAL_PREFIX = "EDGE_"


class Record(Struct, kw_only=True, omit_defaults=True):
    """One line of ``telemetry.log``."""

    time: Annotated[datetime, Meta(tz=True)]
    """UTC; the clock may have been set between two records."""
    uptime_s: float
    """Since the daemon's start, time asleep included; never jumps."""
    kind: str
    text: str | None = None
    """What was started, listened to or lost, and why."""
    label: str | None = None
    """Of a word heard, as are the next three."""
    score: float | None = None
    time_s: float | None = None
    after: str | None = None
    provider: str | None = None
    """What onnxruntime runs the model on."""
    interval_s: float | None = None
    """Of a summary: the time that its means and percentiles are of; of a start: as configured."""
    watts: float | None = None
    watts_max: float | None = None
    joules: float | None = None
    """Since the start, as is the next."""
    measured_s: float | None = None
    """Time that the joules are of: what was not read is no 0."""
    watt_hours_a_day: float | None = None
    joules_per_inference: float | None = None
    """Above ``telemetry.idle_w``."""
    temperature_c: float | None = None
    throttled: str | None = None
    """Why the clock is held back, ``no`` if it is not."""
    clock_hz: float | None = None
    cpu_share: float | None = None
    """Of the interval; 1 is one core."""
    cpu_s: float | None = None
    """This and all counts: since the start."""
    rss_bytes: int | None = None
    realtime_factor: float | None = None
    """Of the interval."""
    audio_s: float | None = None
    n_heard: int | None = None
    n_triggered: int | None = None
    n_false_alarms: int | None = None
    n_unanswered: int | None = None
    """Wake words that no command followed."""
    captured_samples: int | None = None
    processed_samples: int | None = None
    dropped_samples: int | None = None
    cut_samples: int | None = None
    """Those of them that waited when a stream ended."""
    overflows: int | None = None
    errors: int | None = None
    actions_done: int | None = None
    actions_failed: int | None = None
    actions_dropped: int | None = None
    confirmed: int | None = None
    rejected: int | None = None
    hops: int | None = None
    hops_skipped: int | None = None
    floor_dbfs: float | None = None
    lost_records: int | None = None
    durations: dict[str, float] = field(default_factory=dict)
    """``STAGE_p50_ms`` … ``STAGE_max_ms`` of the interval, in a line beside the others."""


_NAMED = tuple(name for name in Record.__struct_fields__ if name != "durations")


def flat(record: Record) -> dict[str, Any]:
    """Return a record as plain values by name, without what is not known."""
    values: dict[str, Any] = to_builtins(record)
    durations: dict[str, float] = values.pop("durations", {})
    return {**values, **durations}


def column(stage: str, percentile: str) -> str:
    """Return the name of a percentile of a stage."""
    return f"{stage}_{percentile}_ms"


def columns() -> tuple[str, ...]:
    """Return the names of a table that every record fits in, unless it has other stages."""
    return (*_NAMED, *(column(stage, name) for stage in _STAGES for name in PERCENTILES))


def unflattened(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Undo `flat`; what no record has is left out."""
    record: dict[str, Any] = {"durations": {}}
    for name, value in values:
        if name in Record.__struct_fields__:
            record[name] = value
        elif name.endswith("_ms"):
            record["durations"][name] = value
    return record


def journal_fields(record: Record) -> dict[str, Any]:
    """Return a record as fields of an entry in the journal, such as ``EDGE_WATTS``."""
    values = flat(record)
    del values["time"]  # the journal has its own
    return {f"{_JOURNAL_PREFIX}{name.upper()}": value for name, value in values.items()}
