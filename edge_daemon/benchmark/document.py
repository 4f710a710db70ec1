"""Everything that a run found, as it stands in the JSON file; units end the names."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from edge_daemon.benchmark.audio import Audio
from edge_daemon.benchmark.conditions import Found, Window
from edge_daemon.benchmark.energy import Energy
from edge_daemon.benchmark.measured import Measured, Ratio
from edge_daemon.benchmark.settings import Settings
from edge_daemon.board import Board

SCHEMA_VERSION = 1
KIND: Literal["edge-daemon benchmark"] = "edge-daemon benchmark"


class Latency(Struct, frozen=True, kw_only=True):
    """What single calls took, with the caches of others in between."""

    p50_ms: Measured
    p95_ms: Measured
    p99_ms: Measured
    max_ms: float
    n: int
    percentiles_ms: list[float]
    """The percentiles 0 to 100, from which the distribution can be drawn."""
    p50_of_rounds_ms: list[float] = []
    """The same of each round alone: how far they are apart is more than the interval may say."""
    p95_of_rounds_ms: list[float] = []
    p99_of_rounds_ms: list[float] = []


class Hops(Struct, frozen=True, kw_only=True):
    """What the hops took in processes of their own: each figure once a round."""

    p50_ms: Measured
    p95_ms: Measured
    p99_ms: Measured
    max_ms: float
    n_detections: int
    """In the last round."""


class Process(Struct, frozen=True, kw_only=True):
    """What processes cost that hear the recording, as the kernel counts it."""

    hop_ms: float
    listening_cpu_percent: Measured | None
    """Of one core, at real-time pace; the start is not in it."""
    fast_cpu_percent: Measured | None
    """Of one core by second of audio, fed as fast as it is taken."""
    start_cpu_s: Measured
    """Interpreter and imports included."""
    start_s: Measured | None
    peak_rss_bytes: Measured | None
    skipped_percent: Measured | None
    """Hops, of those fed fast, in which nothing was computed: there was nothing to hear."""
    listening: Hops | None
    fast: Hops | None


class Accuracy(Struct, frozen=True, kw_only=True):
    """How many clips were recognised: one label a clip, no thresholds."""

    share: Measured
    n_clips: int
    unreadable: list[str] = []


class Row(Struct, frozen=True, kw_only=True):
    """One combination; what was not measured is None."""

    name: str
    model: str
    variant: str
    provider: str
    """All three as asked for."""
    threads: int
    refused: str | None = None
    """Why there are no figures, or not all."""
    obtained_provider: str | None = None
    model_file: str | None = None
    elsewhere: list[str] | None = None
    """Nodes that ran on another provider; None where this onnxruntime does not tell."""
    model_bytes: int | None = None
    hop_ms: float | None = None
    model_latency: Latency | None = None
    pipeline_latency: Latency | None = None
    """Of the whole pipeline, for each hop; nothing is skipped."""
    inferences_per_second: float | None = None
    hops_per_second: float | None = None
    realtime_factor: float | None = None
    """Time that a second of audio takes, in seconds: below 1 it keeps up; nothing is skipped."""
    stages_cpu_ms_per_audio_s: dict[str, float] = {}
    process: Process | None = None
    accuracy: Accuracy | None = None
    energy: Energy | None = None
    no_energy: str = ""


class Peer(Struct, frozen=True, kw_only=True):
    """Another program that heard the same, in the same rounds."""

    name: str
    version: str
    words: list[str]
    script: str
    refused: str | None = None
    process: Process | None = None
    against: str | None = None
    """Name of the row that it was held to."""
    times_ours: dict[str, Ratio] = {}
    """Its figure by ours of the same round, by figure: above 1 it takes more."""


class Document(Struct, frozen=True, kw_only=True):
    """The whole result."""

    kind: Literal["edge-daemon benchmark"]
    schema_version: int
    complete: bool
    """False while it runs, and where it was stopped."""
    began: str
    """UTC, ISO 8601."""
    took_s: float
    n_rounds_done: int
    board: Board
    versions: dict[str, str]
    commit: str | None
    """Of the checkout that ran; None where it was installed from a package."""
    settings: Settings
    audio: Audio
    data: str | None
    sensors: Found
    rows: list[Row]
    peers: list[Peer]
    windows: list[Window]
    """What was done when, with what the sensors said."""
    remarks: list[str]
