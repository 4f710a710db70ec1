"""Rows of the document out of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from edge_daemon.benchmark.candidate import Candidate
from edge_daemon.benchmark.conditions import Conditions
from edge_daemon.benchmark.document import Hops, Latency, Peer, Process, Row
from edge_daemon.benchmark.energy import Energy, energy
from edge_daemon.benchmark.findings import Heard, OfPeer, OfRow, RoundsMs
from edge_daemon.benchmark.line import Line
from edge_daemon.benchmark.measured import Measured, Ratio, of_rounds, percentiles
from edge_daemon.timing import curve, per_second

_WANTED = (50.0, 95.0, 99.0)

Figure = Callable[[Line], float | None]


def row_of(found: OfRow, conditions: Conditions) -> Row:
    """Return all that is known of one combination."""
    asked = found.combination
    row = Row(
        name=found.name, model=asked.model, variant=asked.variant, provider=asked.provider,
        threads=asked.threads, refused=found.refused,
    )  # fmt: skip
    if found.candidate is None:
        return row
    spent, why = _energy(found, conditions)
    obtained = found.candidate.model.obtained
    return replace(
        row,
        obtained_provider=obtained.provider,
        model_file=obtained.path.name,
        elsewhere=list(obtained.elsewhere) if obtained.is_elsewhere_known else None,
        model_bytes=found.candidate.file_bytes,
        hop_ms=found.candidate.hop_ms,
        model_latency=_latency(found.model_ms, found.share_ends),
        pipeline_latency=_latency(found.pipeline_ms, found.share_ends),
        inferences_per_second=_per_second(found.model_ms),
        hops_per_second=(hops := _per_second(found.pipeline_ms)),
        realtime_factor=1000.0 / hops / found.candidate.hop_ms if hops else None,
        stages_cpu_ms_per_audio_s=_stages(found.candidate),
        process=_process(found),
        accuracy=found.accuracy, energy=spent, no_energy=why,
    )  # fmt: skip


def peer_of(found: OfPeer, ours: OfRow | None) -> Peer:
    """Return all that is known of a peer, and its ratio to our row."""
    says = found.described
    return Peer(
        name=found.name, version=says.version if says else "", words=says.words if says else [],
        script=str(found.script), refused=found.refused, process=_process(found),
        against=ours.name if ours else None,
        times_ours=_ratios(found, ours) if ours else {},
    )  # fmt: skip


def _energy(found: OfRow, conditions: Conditions) -> tuple[Energy | None, str]:
    if not conditions.is_metered:
        return None, f"no sensor: {conditions.found.reasons.get('power', 'none was found')}"
    spent = energy(conditions.windows, found.name)
    return (None, spent) if isinstance(spent, str) else (spent, "")


def _latency(rounds_ms: RoundsMs, share_ends: Sequence[int]) -> Latency | None:
    if not rounds_ms:
        return None
    pooled = np.concatenate(rounds_ms)
    p50, p95, p99 = percentiles(rounds_ms, _WANTED)
    shares = pairwise([0, *share_ends])
    alone = [np.percentile(np.concatenate(rounds_ms[a:b]), _WANTED).tolist() for a, b in shares]
    of_p50, of_p95, of_p99 = ([each[i] for each in alone] for i in range(len(_WANTED)))
    return Latency(
        p50_ms=p50, p95_ms=p95, p99_ms=p99, max_ms=float(pooled.max()), n=len(pooled),
        percentiles_ms=curve(pooled), p50_of_rounds_ms=of_p50, p95_of_rounds_ms=of_p95,
        p99_of_rounds_ms=of_p99,
    )  # fmt: skip


def _per_second(rounds_ms: RoundsMs) -> float | None:
    return per_second(np.concatenate(rounds_ms)) if rounds_ms else None


def _stages(candidate: Candidate) -> dict[str, float]:
    """Return CPU time in milliseconds for each second of audio, by stage."""
    stages = candidate.stages
    n_hops = max((spent.count for spent in stages.values()), default=0)
    audio_s = n_hops * candidate.hop_ms / 1000.0
    return {name: 1000.0 * spent.sum_s / audio_s for name, spent in stages.items()}


def _process(found: Heard) -> Process | None:
    lines = [*found.fast.values(), *found.realtime.values()]
    start_cpu_s = of_rounds([line.start_cpu_s for line in lines])
    if start_cpu_s is None:
        return None
    return Process(
        hop_ms=lines[-1].hop_ms,
        listening_cpu_percent=_over(found.realtime, lambda line: line.cpu_percent),
        fast_cpu_percent=_over(found.fast, lambda line: line.cpu_percent),
        start_cpu_s=start_cpu_s,
        start_s=of_rounds([line.start_s for line in lines if line.start_s is not None]),
        peak_rss_bytes=of_rounds(
            [float(line.peak_rss_bytes) for line in lines if line.peak_rss_bytes is not None]
        ),
        skipped_percent=of_rounds(
            [x for line in found.fast.values() if (x := line.skipped_percent) is not None]
        ),
        listening=_hops(found.realtime),
        fast=_hops(found.fast),
    )


def _over(lines: Mapping[int, Line], figure: Callable[[Line], float]) -> Measured | None:
    return of_rounds([figure(line) for line in lines.values()])


def _hops(lines: Mapping[int, Line]) -> Hops | None:
    p50 = _over(lines, lambda line: line.latency_ms.p50)
    p95 = _over(lines, lambda line: line.latency_ms.p95)
    p99 = _over(lines, lambda line: line.latency_ms.p99)
    if p50 is None or p95 is None or p99 is None:
        return None
    return Hops(
        p50_ms=p50, p95_ms=p95, p99_ms=p99,
        max_ms=max(line.latency_ms.max for line in lines.values()),
        n_detections=list(lines.values())[-1].n_detections,
    )  # fmt: skip


def _ratios(peer: Heard, ours: Heard) -> dict[str, Ratio]:
    """Return the peer's figures by ours, each pair out of one round."""
    figures: dict[str, tuple[dict[int, Line], dict[int, Line], Figure]] = {
        "listening_cpu": (peer.realtime, ours.realtime, lambda line: line.cpu_percent),
        "fast_cpu": (peer.fast, ours.fast, lambda line: line.cpu_percent),
        "start_cpu": (peer.fast, ours.fast, lambda line: line.start_cpu_s),
        "peak_rss": (peer.realtime, ours.realtime, lambda line: line.peak_rss_bytes),
        "listening_p99": (peer.realtime, ours.realtime, lambda line: line.latency_ms.p99),
        "fast_p99": (peer.fast, ours.fast, lambda line: line.latency_ms.p99),
    }
    found = {name: _paired(*each) for name, each in figures.items()}
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def _paired(
    theirs: Mapping[int, Line], ours: Mapping[int, Line], figure: Figure
) -> Ratio | None:  # fmt: skip
    both: Sequence[tuple[float | None, float | None]] = [
        (figure(theirs[n]), figure(ours[n])) for n in theirs if n in ours
    ]
    spread = of_rounds([a / b for a, b in both if a is not None and b])
    return Ratio(value=spread.value, low=spread.low, high=spread.high) if spread else None
