"""Audio files through the very same pipeline as a microphone, faster than real time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from edge_daemon.audio import open_source
from edge_daemon.config import Config
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Block, Detection


@dataclass(frozen=True, slots=True)
class Replayed:
    """A detection in a file."""

    file: str
    detection: Detection
    latency_ms: float
    """Time that the block took in which the decision fell."""

    def as_json(self) -> dict[str, str | float]:
        """Return the documented JSON object."""
        found = self.detection
        record: dict[str, str | float] = {
            "file": self.file,
            "time_s": round(found.time_s, 3),
            "label": found.label,
            "score": round(found.score, 4),
            "latency_ms": round(self.latency_ms, 3),
        }
        return record if found.after is None else {**record, "after": found.after}


def replay(path: Path, pipeline: Pipeline, config: Config) -> Iterator[Replayed]:
    """Yield what is heard in a file; the stream ends with a short silence.

    Raises
    ------
    AudioError
        When the file cannot be read.
    """
    audio = replace(config.audio, source=f"wav:{path}", pace="fast")
    pipeline.reset()
    with open_source(audio, pipeline.spec.frontend.sample_rate_hz) as source:
        while (block := source.read()) is not None:
            yield from _heard(path, pipeline, block)
    yield from _heard(path, pipeline, None)


def _heard(path: Path, pipeline: Pipeline, block: Block | None) -> Iterator[Replayed]:
    started = time.perf_counter()
    found = pipeline.flush() if block is None else pipeline.process(block.samples)
    latency_ms = 1000.0 * (time.perf_counter() - started)
    for detection in found:
        yield Replayed(str(path), detection, latency_ms)
