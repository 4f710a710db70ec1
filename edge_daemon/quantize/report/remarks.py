"""What a reader of the figures should know, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from edge_daemon.quantize.gate import Stats
from edge_daemon.quantize.result import QuantizationResult
from edge_daemon.quantize.trial import Trial

_NOTICEABLE = 0.1
_MB = 1e6


def remarks(result: QuantizationResult) -> list[str]:
    """Return the remarks of the run, and those that follow from the figures."""
    stats = result.stats
    return [
        *result.remarks,
        *_of_dynamic(result.trials),
        *_of_halves(result.trials),
        *(_of_source(stats) if stats else ()),
        *(_of_chance(stats, result) if stats else ()),
        *(_of_memory(stats) if stats else ()),
    ]


def _of_dynamic(trials: tuple[Trial, ...]) -> Iterator[str]:
    """Say when dynamic INT8 was slower than float32, as it is for small convolutions."""
    measured = [(t.stats.speedup, t.method.name) for t in trials if t.stats and _is(t, "dynamic")]
    slower = sorted(pair for pair in measured if pair[0] < 1.0)
    if not slower:
        return
    speedup, name = slower[-1]
    which = "all" if len(slower) == len(measured) else f"{len(slower)} of {len(measured)}"
    yield (
        f"Dynamic INT8 is slower than float32 here ({which} that were tried): {name} takes "
        f"{1.0 / speedup:.2f} times as long. It quantizes the activations anew at each inference, "
        "which costs small convolutions more than integers save them; static INT8 does not."
    )


def _of_halves(trials: tuple[Trial, ...]) -> Iterator[str]:
    if any(t.stats and t.stats.float_operators for t in trials if _is(t, "fp16")):
        yield (
            "FP16 has the weights in half the size, but this processor has no operators for them: "
            "onnxruntime turns them into float32 and computes as before."
        )


def _is(trial: Trial, kind: str) -> bool:
    return trial.method.kind == kind


def _of_source(stats: Stats) -> Iterator[str]:
    if stats.source_bytes is None:
        return
    saved = stats.source_bytes - stats.original_bytes
    why = (
        f" The difference of {saved / _MB:.2f} MB is what only training needs, such as the state "
        "of an optimizer; sizes and the compression ratio are counted without it."
    )
    yield (
        f"The file given has {stats.source_bytes / _MB:.2f} MB, its float ONNX form "
        f"{stats.original_bytes / _MB:.2f} MB."
        + (why if saved > _NOTICEABLE * stats.source_bytes else "")
    )


def _of_chance(stats: Stats, result: QuantizationResult) -> Iterator[str]:
    allowed, (_, highest) = result.gate.max_accuracy_loss, stats.accuracy_interval
    if stats.accuracy_loss <= allowed < highest:
        yield (
            f"With {stats.n_evaluated} inputs a loss of up to {highest:.2f} points is possible at "
            f"95 %, more than the {allowed:.2f} allowed; more inputs would tell."
        )


def _of_memory(stats: Stats) -> Iterator[str]:
    if not stats.original_rss_bytes or not stats.quantized_rss_bytes:
        yield "The memory was not measured: no process of its own could be started for it."
