"""What a reader of the figures should know that the figures do not say."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator

from edge_daemon.decision.thresholds import DEFAULT_THRESHOLD
from edge_daemon.quantize.inputs import Material
from edge_daemon.quantize.settings import Target
from edge_daemon.quantize.trial import Trial
from edge_daemon.types import ModelSpec

_RUNS_ON = {"cpu": platform.machine(), "arm64": "aarch64"}
"""The machine that a target is; the others are no CPU at all."""


def about_target(target: Target) -> Iterator[str]:
    """Say when the speed was measured on something else than the target."""
    here = platform.machine()
    if _RUNS_ON.get(target) != here:
        yield (
            f"Speed and memory were measured on this machine's CPU ({here}), not on {target}: they "
            "prove nothing there. Run this on the target, or leave speed out of the gate with "
            "--min-speedup 0."
        )


def about_sizes(trials: Iterable[Trial]) -> Iterator[str]:
    """Say why forms that are made for a GPU have larger files."""
    measured = [t.method for t in trials if t.stats is not None]
    if any(m.symmetric for m in measured):
        yield (
            "TensorRT reads weights in float32 between Q and DQ, so that this file is no smaller; "
            "the engine that it builds is. --min-compression 0 leaves the size out of the gate."
        )
    if any(m.kind == "fp16" for m in measured):
        yield (
            "FP16 halves the weights, but neither the graph nor the metadata: its file is a little "
            "more than half as large. --min-compression 1.8 lets it pass."
        )


def about_material(material: Material) -> Iterator[str]:
    """Say what of the data could not be used."""
    if material.unreadable:
        yield f"{len(material.unreadable)} clips could not be read: {material.unreadable[0]}."


def about_metadata(spec: ModelSpec | None) -> Iterator[str]:
    """Say what a model that came without metadata is not good for yet."""
    if spec is None:
        yield (
            "The model has no metadata of edge_daemon, and neither has the output: the daemon "
            "cannot serve it. Give --labels and --frontend, or write it as "
            "docs/models/metadata.md shows."
        )
    elif not spec.thresholds:
        yield (
            "The model names no thresholds: each word fires from "
            f"{DEFAULT_THRESHOLD:g}. Find better ones with edge-daemon tune."
        )
