"""What was measured of a model and its smaller form, and the rules that decide between them."""

from __future__ import annotations

import math

from msgspec import Struct, field

from edge_daemon.errors import ConfigError


class Latency(Struct, frozen=True, kw_only=True):
    """How long single inferences took, on one thread, in milliseconds."""

    p50: float
    p95: float
    p99: float
    percentiles: tuple[float, ...] = ()
    """The percentiles 0 to 100, from which the distribution can be drawn; may be empty."""


class Stats(Struct, frozen=True, kw_only=True):
    """A model and a smaller form of it, measured side by side on the same inputs."""

    original_bytes: int
    """Size of the float ONNX file: what a training file holds besides is not counted."""
    quantized_bytes: int
    original_weight_bytes: int
    """Weights alone, as they are stored, without graph and metadata."""
    quantized_weight_bytes: int
    original_accuracy: float
    """Share of the inputs whose best label is right, 0 to 1."""
    quantized_accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % interval of the accuracy lost, in points, of paired answers to the same inputs."""
    recall: dict[str, tuple[float, float]]
    """Share of the inputs of a label that are right, original and quantized."""
    agreement: float
    """Share of the inputs to which both give the same label."""
    largest_error: float
    """Largest difference between an output of one and of the other."""
    original_latency_ms: Latency
    quantized_latency_ms: Latency
    original_per_second: float
    """Inferences a second on one thread, from the sum of their times."""
    quantized_per_second: float
    original_rss_bytes: int
    """Peak memory of a process that only serves it; 0 when it was not measured."""
    quantized_rss_bytes: int
    n_evaluated: int
    """Inputs that both have answered."""
    float_operators: dict[str, int] = field(default_factory=dict)
    """Operators of the quantized model that still compute in float32, by type."""
    source_bytes: int | None = None
    """Size of the file that was given, where it was no ONNX: it may hold an optimizer's state."""

    @property
    def compression_ratio(self) -> float:
        """How many times smaller the file is; of ONNX files, both without optimizer state."""
        return self.original_bytes / self.quantized_bytes

    @property
    def accuracy_loss(self) -> float:
        """Accuracy lost, in points; below 0 when the quantized model is more often right."""
        return 100.0 * (self.original_accuracy - self.quantized_accuracy)

    @property
    def speedup(self) -> float:
        """How many times faster one inference is: the ratio of the medians of one run."""
        return self.original_latency_ms.p50 / self.quantized_latency_ms.p50


class Gate(Struct, frozen=True, kw_only=True):
    """What a quantized model must reach to be taken instead of the original.

    Raises
    ------
    ConfigError
        When a limit is not a number: nothing would ever fail it.
    """

    max_accuracy_loss: float = 1.0
    """Points of accuracy that may be lost."""
    min_compression: float = 2.0
    """How many times smaller its file must be."""
    min_speedup: float = 1.0
    """How many times faster one inference must be."""

    def __post_init__(self) -> None:
        limits = {name: getattr(self, name) for name in self.__struct_fields__}
        problems = [f"{name}: {x} is not a number" for name, x in limits.items() if math.isnan(x)]
        if problems:
            raise ConfigError(problems, "gate")


def broken_rules(stats: Stats, gate: Gate) -> set[str]:
    """Return which of ``accuracy``, ``compression`` and ``speed`` are not kept."""
    kept = {
        "accuracy": stats.accuracy_loss <= gate.max_accuracy_loss + _ROUNDING,
        "compression": stats.compression_ratio >= gate.min_compression,
        "speed": stats.speedup >= gate.min_speedup,
    }  # each such that a figure that is not a number fails
    return {name for name, is_kept in kept.items() if not is_kept}


def failures(stats: Stats, gate: Gate) -> list[str]:
    """Return a line for each rule that failed, and by how much; none when all are kept."""
    loss, ratio, speedup = stats.accuracy_loss, stats.compression_ratio, stats.speedup
    lines = {
        "accuracy": f"{loss:.2f} points lost, {_gap(loss - gate.max_accuracy_loss)} more than the "
        f"{gate.max_accuracy_loss:.2f} allowed",
        "compression": f"{ratio:.2f} times smaller, {_gap(gate.min_compression - ratio)} short of "
        f"the {gate.min_compression:.2f} needed",
        "speed": f"{_pace(speedup)}, {_gap(gate.min_speedup - speedup)} short of the "
        f"{gate.min_speedup:.2f} needed",
    }
    broken = broken_rules(stats, gate)
    return [f"{name}: {line}" for name, line in lines.items() if name in broken]


def should_quantize(stats: Stats, gate: Gate) -> bool:
    """Say whether the quantized model may take the place of the original."""
    return not broken_rules(stats, gate)


_ROUNDING = 1e-9
"""100 (0.90 - 0.89) is a little more than 1."""


def _gap(amount: float) -> str:
    return f"{amount:.2f}" if not 0 < amount < 0.005 else f"{amount:.1g}"


def _pace(speedup: float) -> str:
    slower = f", which is {1.0 / speedup:.2f} times slower" if 0 < speedup < 1 else ""
    return f"{speedup:.2f} times as fast{slower}"
