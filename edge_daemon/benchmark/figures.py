"""The figures of a row by name, each with its unit: what is compared, and shown."""

from __future__ import annotations

from collections.abc import Iterator

from edge_daemon.benchmark.document import Hops, Latency, Process, Row
from edge_daemon.benchmark.energy import Energy
from edge_daemon.benchmark.measured import Measured, exact, widened


def figures(row: Row) -> dict[str, Measured]:
    """Return what was measured of a row; nothing of what was not."""
    return dict(_figures(row))


def _figures(row: Row) -> Iterator[tuple[str, Measured]]:
    for what, latency in (("model", row.model_latency), ("pipeline", row.pipeline_latency)):
        if latency:
            yield from _latency(what, latency)
    if row.process:
        yield from _process(row.process)
    if row.model_bytes:
        yield "model_bytes", exact(row.model_bytes)
    if row.accuracy:
        yield "accuracy", row.accuracy.share
    if row.energy:
        yield from _energy(row.energy)


def _energy(energy: Energy) -> Iterator[tuple[str, Measured]]:
    for name in (
        "watt_hours_per_listening_hour", "watt_hours_per_listening_hour_above_idle",
        "joules_per_inference", "joules_per_inference_above_idle",
    ):  # fmt: skip
        figure: Measured | None = getattr(energy, name)
        if figure:
            yield name, figure


def _latency(what: str, latency: Latency) -> Iterator[tuple[str, Measured]]:
    yield f"{what}_p50_ms", widened(latency.p50_ms, latency.p50_of_rounds_ms)
    yield f"{what}_p95_ms", widened(latency.p95_ms, latency.p95_of_rounds_ms)
    yield f"{what}_p99_ms", widened(latency.p99_ms, latency.p99_of_rounds_ms)


def _hops(hops: Hops) -> Iterator[tuple[str, Measured]]:
    yield "listening_hop_p50_ms", hops.p50_ms
    yield "listening_hop_p95_ms", hops.p95_ms
    yield "listening_hop_p99_ms", hops.p99_ms


def _process(process: Process) -> Iterator[tuple[str, Measured]]:
    for name in (
        "listening_cpu_percent", "fast_cpu_percent", "start_cpu_s", "start_s", "peak_rss_bytes",
    ):  # fmt: skip
        figure: Measured | None = getattr(process, name)
        if figure:
            yield name, figure
    if process.listening:
        yield from _hops(process.listening)
