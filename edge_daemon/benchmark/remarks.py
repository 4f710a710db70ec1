"""What one has to know to read the figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_daemon.benchmark.conditions import Conditions, Window
from edge_daemon.benchmark.document import Peer, Row
from edge_daemon.benchmark.measured import half_width
from edge_daemon.benchmark.settings import Settings

INCOMPLETE = "stopped before its end: these are the results so far"
_CLOCK_MOVED = 0.9


def remarks(
    rows: Sequence[Row], peers: Sequence[Peer], conditions: Conditions, settings: Settings
) -> list[str]:
    """Return a line for each thing that makes a figure less, or another, than it seems."""
    return [
        *_refusals(rows, peers),
        *_elsewhere(rows),
        *_unsteady(rows, settings),
        *_slowed(conditions.windows),
        *_no_energy(rows),
        *(f"{name}: {why}" for name, why in conditions.found.reasons.items() if name != "power"),
    ]


def _refusals(rows: Sequence[Row], peers: Sequence[Peer]) -> Iterator[str]:
    refused = [(row.name, row.refused) for row in rows] + [(p.name, p.refused) for p in peers]
    yield from (f"{name}: refused: {why}" for name, why in refused if why)


def _elsewhere(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row.elsewhere:
            shown = ", ".join(row.elsewhere[:3]) + (", …" if len(row.elsewhere) > 3 else "")
            yield f"{row.name}: {len(row.elsewhere)} nodes run on another provider: {shown}"


def _unsteady(rows: Sequence[Row], settings: Settings) -> Iterator[str]:
    for row in rows:
        reaches = {
            what: half_width(latency.p50_ms)
            for what, latency in (("inference", row.model_latency), ("hop", row.pipeline_latency))
            if latency
        }
        wide = [
            f"{what} ±{100 * r:.1f} %" for what, r in reaches.items() if r and r > settings.interval
        ]
        if wide:
            yield (
                f"{row.name}: medians are not known to ±{100 * settings.interval:.0f} %: "
                f"{', '.join(wide)}; other work on this machine, or a clock that changes"
            )


def _slowed(windows: Sequence[Window]) -> Iterator[str]:
    throttled = dict.fromkeys(name for window in windows for name in window.throttled or ())
    if throttled:
        yield (
            f"the machine held itself back while it was measured ({', '.join(throttled)}): "
            "the figures are of a slowed one; look at cooling and supply"
        )
    clocks = [w.clock_hz for w in windows if w.kind in ("latency", "fast") and w.clock_hz]
    if clocks and min(clocks) < _CLOCK_MOVED * max(clocks):
        yield (
            f"the clock of the processor was between {min(clocks) / 1e6:.0f} and "
            f"{max(clocks) / 1e6:.0f} MHz while it worked"
        )


def _no_energy(rows: Sequence[Row]) -> Iterator[str]:
    """Say once what all rows have in common, and of each what it has alone."""
    yield from dict.fromkeys(f"energy: {row.no_energy}" for row in rows if row.no_energy)
    for row in rows:
        if row.energy and row.energy.listening_above_idle_reason:
            yield f"{row.name}: listening above idle: {row.energy.listening_above_idle_reason}"
        if row.energy and row.energy.inference_above_idle_reason:
            yield f"{row.name}: an inference above idle: {row.energy.inference_above_idle_reason}"
