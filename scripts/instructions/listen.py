"""Hears a recording under the emulator, and marks the places between which it counts.

    python listen.py MODEL LEAD_S WAV

Each mark is a call of getppid(), which the plugin sees; what they are called is printed at the end,
as JSON, in their order. Run by count_instructions.py.
"""

from __future__ import annotations

import gc
import os
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

from edge_daemon.config import Config
from edge_daemon.model import load_model
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Samples
from instructions.stages import BETWEEN, COUNTED, NOTHING, Part

N_EMPTY = 20
"""Marks with nothing between them: what a mark itself costs."""


class Marks:
    """The pipeline's timer: what ran since the mark before belongs to the stage named."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self) -> None:
        """Mark that the stages of a hop begin; what came before is the pipeline's own work."""
        self.lap("pipeline")

    def lap(self, stage: str) -> None:
        """Mark the end of a stage."""
        self.names.append(stage)
        os.getppid()

    @contextmanager
    def inset(self, stage: str) -> Iterator[None]:
        """Mark a stage that runs inside another, which has that of the decision."""
        self.lap("decision")
        yield
        self.lap(stage)


def heard(marks: Marks, pipeline: Pipeline, name: str, hops: list[Samples]) -> Part:
    """Hear some hops."""
    marks.names = []
    n_detections = 0
    for hop in hops:
        marks.lap(BETWEEN)
        n_detections += len(pipeline.process(hop))
        marks.lap("pipeline")
    return Part(name, len(hops) * pipeline.spec.hop_ms / 1000, n_detections, marks.names)


def hops_of(path: Path, n_samples: int) -> list[Samples]:
    """Return a recording, 16 kHz, 16 bit, mono, in hops of so many samples; no part of a hop."""
    with wave.open(str(path)) as audio:
        samples = np.frombuffer(audio.readframes(audio.getnframes()), np.int16)
    whole = len(samples) // n_samples * n_samples
    return [samples[i : i + n_samples] for i in range(0, whole, n_samples)]


def load(model: str, timer: Marks) -> Pipeline:
    """Return the pipeline of a model and the default configuration, with its marks."""
    usual = Config()
    config = replace(usual, model=replace(usual.model, path=model))
    return Pipeline(config, load_model(config.model, config.runtime), timer)


def main() -> None:
    """Hear a recording as a stream of its own."""
    model, lead_s, path = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    marks = Marks()
    for _ in range(N_EMPTY):
        marks.lap(NOTHING)
    parts = [Part(NOTHING, 0.0, 0, marks.names)]
    marks.names = []
    pipeline = load(model, marks)
    parts.append(Part("start", 0.0, 0, marks.names))
    hops = hops_of(path, round(16 * pipeline.spec.hop_ms))
    n_lead = round(1000 * lead_s / pipeline.spec.hop_ms)
    gc.collect()  # where it is in its rounds depends on whether what it imported was compiled
    parts.append(heard(marks, pipeline, "lead", hops[:n_lead]))
    parts.append(heard(marks, pipeline, COUNTED, hops[n_lead:]))
    print(msgspec.json.encode(parts).decode())


if __name__ == "__main__":
    main()
