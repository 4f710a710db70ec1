"""Results as a run would leave them, made without one."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace

from edge_daemon.benchmark.audio import Audio
from edge_daemon.benchmark.conditions import Found, Kind, Window
from edge_daemon.benchmark.document import (
    KIND,
    SCHEMA_VERSION,
    Accuracy,
    Document,
    Hops,
    Latency,
    Peer,
    Process,
    Row,
)
from edge_daemon.benchmark.measured import Measured, Ratio, of_rounds
from edge_daemon.benchmark.settings import Settings
from edge_daemon.board import read_board


def measured(value: float, reach: float = 0.02) -> Measured:
    """Return a figure with an interval that reaches so far to each side, as a share of it."""
    return Measured(
        value=value, low=value * (1 - reach), high=value * (1 + reach), interval="95 %", n=100
    )


def latency(p50_ms: float) -> Latency:
    """Return a latency with a tail twice as long as its median."""
    return Latency(
        p50_ms=measured(p50_ms), p95_ms=measured(1.5 * p50_ms), p99_ms=measured(1.8 * p50_ms),
        max_ms=2 * p50_ms, n=100, percentiles_ms=np.linspace(p50_ms / 2, 2 * p50_ms, 101).tolist(),
    )  # fmt: skip


def process(cpu_percent: float) -> Process:
    """Return what a process costs that takes so much of a core."""
    hops = Hops(p50_ms=measured(1.0), p95_ms=measured(2.0), p99_ms=measured(3.0), max_ms=4.0,
                n_detections=2)  # fmt: skip
    return Process(
        hop_ms=100.0, listening_cpu_percent=measured(cpu_percent), fast_cpu_percent=None,
        start_cpu_s=measured(0.3), start_s=None, peak_rss_bytes=of_rounds([6e7, 6.1e7]),
        skipped_percent=measured(50.0), listening=hops, fast=None,
    )  # fmt: skip


def row(name: str = "commands, cpu, 1 thread", p50_ms: float = 0.5, **changes: Any) -> Row:
    """Return a row that was measured."""
    made = Row(
        name=name, model="builtin:commands", variant="auto", provider="cpu", threads=1,
        obtained_provider="cpu", model_file="commands.onnx", elsewhere=[], model_bytes=300_000,
        hop_ms=100.0, model_latency=latency(p50_ms / 2), pipeline_latency=latency(p50_ms),
        inferences_per_second=2000.0 / p50_ms, hops_per_second=1000.0 / p50_ms,
        realtime_factor=p50_ms / 100.0, stages_cpu_ms_per_audio_s={"frontend": 1.0, "model": 2.0},
        process=process(2.0), no_energy="no sensor: no power meter",
    )  # fmt: skip
    return replace(made, **changes)


def judged(share: float) -> Accuracy:
    """Return an accuracy of a thousand clips."""
    return Accuracy(share=measured(share, 0.01), n_clips=1000)


def peer() -> Peer:
    """Return a peer that takes three times as much."""
    return Peer(
        name="another-wakeword", version="1.2", words=["computer"], script="peers/another.py",
        process=process(6.0), against="commands, cpu, 1 thread",
        times_ours={
            name: Ratio(value=0.888, low=0.877, high=0.999)
            for name in ("listening_cpu", "fast_cpu", "start_cpu", "peak_rss", "listening_p99")
        },
    )  # fmt: skip


def window(kind: Kind, begin_s: float, **changes: Any) -> Window:
    """Return a window of four seconds."""
    return replace(
        Window(kind=kind, row=None, round=1, begin_s=begin_s, length_s=4.0, temperature_c=50.0),
        **changes,
    )


def document(*rows: Row, **changes: Any) -> Document:
    """Return a result with these rows, or with one."""
    made = Document(
        kind=KIND, schema_version=SCHEMA_VERSION, complete=True, began="2025-01-01T00:00:00+00:00",
        took_s=60.0, n_rounds_done=4, board=read_board(), versions={"python": "3.11.7"},
        commit="0" * 40, settings=Settings(),
        audio=Audio(name="demo.flac", seconds=27.6, sha256="0" * 64), data=None,
        sensors=Found(meter=None, covers=None), rows=list(rows) or [row()], peers=[], windows=[],
        remarks=[],
    )  # fmt: skip
    return replace(made, **changes)
