"""A process that hears one recording, as the daemon does, and prints what that cost as a JSON line.

    python -m edge_daemon.benchmark.peer AUDIO.wav [--pace fast|realtime] [--model M] …
    python -m edge_daemon.benchmark.peer --describe

What `edge-daemon benchmark --against` is given answers the same: a peer is measured as we are.
Only the standard library is imported at the top; the rest is a part of the start.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from edge_daemon.benchmark.line import Line
    from edge_daemon.pipeline import Pipeline
    from edge_daemon.types import Detection

_START_FIELD = 22
"""Of /proc/self/stat: when the process began, in ticks since the machine did."""


def main() -> None:
    """Hear the file named on the command line."""
    # as for the daemon: the products are small, and a thread pool costs memory and power
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    arguments = _arguments()
    import msgspec

    answer = _described(arguments) if arguments.describe else _heard(arguments)
    sys.stdout.write(f"{msgspec.json.encode(answer).decode()}\n")


def _arguments() -> argparse.Namespace:
    import argparse

    parser = argparse.ArgumentParser(description="Hears a recording and says what that cost.")
    parser.add_argument("audio", type=Path, nargs="?")
    parser.add_argument("--describe", action="store_true")
    parser.add_argument("--pace", choices=("fast", "realtime"), default="fast")
    parser.add_argument("--model", default="builtin:commands")
    parser.add_argument("--variant", default="auto")
    parser.add_argument("--provider", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.audio is None and not arguments.describe:
        parser.error("AUDIO.wav or --describe is needed")
    return arguments


def _described(arguments: argparse.Namespace) -> object:
    from edge_daemon import __version__
    from edge_daemon.benchmark.line import Description

    pipeline = _pipeline(arguments)
    return Description(
        name=f"edge-daemon, {pipeline.spec.name}", version=__version__,
        words=list(pipeline.spec.words),
    )  # fmt: skip


def _pipeline(arguments: argparse.Namespace) -> Pipeline:
    from edge_daemon.benchmark.combination import Combination
    from edge_daemon.model import open_model
    from edge_daemon.pipeline import Pipeline

    asked = Combination(
        model=arguments.model, variant=arguments.variant, provider=arguments.provider,
        threads=arguments.threads,
    )  # fmt: skip
    config = asked.config()
    return Pipeline(config, open_model(config.model, config.runtime))


def _heard(arguments: argparse.Namespace) -> Line:
    from edge_daemon.audio.files import FileSource

    pipeline = _pipeline(arguments)
    rate_hz, hop_ms = pipeline.spec.frontend.sample_rate_hz, pipeline.spec.hop_ms
    source = FileSource(arguments.audio, rate_hz, block_ms=hop_ms, pace=arguments.pace)
    took_s: list[float] = []
    found: list[Detection] = []
    with source:  # which loads what decodes the file
        start_s, start_cpu_s = _age_s(), time.process_time()
        while (block := source.read()) is not None:
            if len(block.samples):
                began_s = time.perf_counter()
                found += pipeline.process(block.samples)
                took_s.append(time.perf_counter() - began_s)
    cpu_s = time.process_time() - start_cpu_s
    return _line(pipeline, took_s, len(found), (cpu_s, start_cpu_s, start_s))


def _line(
    pipeline: Pipeline, took_s: list[float], n_found: int, spent_s: tuple[float, float, float]
) -> Line:
    """Return the line; the peak is read before anything is imported for it."""
    from edge_daemon.peak_memory import peak_rss_bytes

    peak_bytes = peak_rss_bytes()
    audio_s = pipeline.position_s + pipeline.waiting_s
    gate = pipeline.activity
    skipped_percent = 100.0 * gate.skipped_share if gate else 0.0
    n_found += len(pipeline.flush())
    import numpy as np

    from edge_daemon.benchmark.line import HopTimes, Line

    p50, p95, p99, longest = (1000 * np.percentile(took_s, (50, 95, 99, 100))).tolist()
    cpu_s, start_cpu_s, start_s = spent_s
    return Line(
        audio_s=audio_s, cpu_s=cpu_s, start_cpu_s=start_cpu_s, start_s=start_s,
        peak_rss_bytes=peak_bytes, hop_ms=pipeline.spec.hop_ms,
        latency_ms=HopTimes(p50=p50, p95=p95, p99=p99, max=longest), detections=n_found,
        skipped_percent=skipped_percent,
    )  # fmt: skip


def _age_s() -> float:
    """Return how long this process has been there, interpreter and all; to a clock tick."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    began_s = int(fields[_START_FIELD - 3]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - began_s


if __name__ == "__main__":
    main()
