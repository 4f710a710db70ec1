"""The tables of the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_daemon.drawing.page import Row, table
from edge_daemon.quantize.gate import Gate, Latency, Stats, broken_rules
from edge_daemon.quantize.trial import Trial

_MIB = 1 << 20
_NONE = "-"
_FIXED = "\u00a0"
"""A space at which no line ends."""


def gate_table(stats: Stats, gate: Gate) -> str:
    """Return what was measured beside what was asked for."""
    low, high = stats.accuracy_interval
    rows = {
        "accuracy": (
            f"{stats.accuracy_loss:.2f} points lost ({low:.2f} to {high:.2f} at 95 %)",
            f"at most {gate.max_accuracy_loss:.2f}",
        ),
        "compression": (
            f"{stats.compression_ratio:.2f} times smaller", f"at least {gate.min_compression:.2f}",
        ),
        "speed": (f"{stats.speedup:.2f} times as fast", f"at least {gate.min_speedup:.2f}"),
    }  # fmt: skip
    broken = broken_rules(stats, gate)
    return table(
        ("rule", "measured", "asked for", "kept"),
        [(name, *row, "no" if name in broken else "yes") for name, row in rows.items()],
        ["broken" if name in broken else "kept" for name in rows],
    )


def stats_table(stats: Stats) -> str:
    """Return original and quantized model side by side."""
    return table(("", "original", "quantized"), _stats_rows(stats))


def _stats_rows(stats: Stats) -> Iterator[Row]:
    if stats.source_bytes is not None:
        yield "file as given", megabytes(stats.source_bytes), _NONE
    yield "ONNX file", megabytes(stats.original_bytes), megabytes(stats.quantized_bytes)
    yield (
        "weights alone",
        megabytes(stats.original_weight_bytes), megabytes(stats.quantized_weight_bytes),
    )  # fmt: skip
    yield (
        f"accuracy, {stats.n_evaluated} inputs",
        percent(stats.original_accuracy), percent(stats.quantized_accuracy),
    )  # fmt: skip
    before, after = stats.original_latency_ms, stats.quantized_latency_ms
    for name in ("p50", "p95", "p99"):
        yield f"an inference, {name}", _ms(getattr(before, name)), _ms(getattr(after, name))
    yield (
        "inferences a second, one thread",
        f"{stats.original_per_second:,.0f}", f"{stats.quantized_per_second:,.0f}",
    )  # fmt: skip
    yield (
        "peak memory of a process that serves it",
        _mebibytes(stats.original_rss_bytes), _mebibytes(stats.quantized_rss_bytes),
    )  # fmt: skip
    yield "same label as the original", _NONE, percent(stats.agreement)
    yield "largest difference of an output", _NONE, f"{stats.largest_error:.4f}"
    yield "operators in float32", _NONE, _operators(stats)


def recall_table(stats: Stats) -> str:
    """Return the share that is right of each label."""
    rows = (
        (label, percent(before), percent(after), f"{100 * (before - after):+.2f}")
        for label, (before, after) in stats.recall.items()
    )
    return table(("class", "original", "quantized", "points lost"), rows)


def trials_table(trials: Sequence[Trial], chosen: str | None, on_front: set[str]) -> str:
    """Return a row for each method tried, with why it was refused."""
    heading = (
        "", "method", "what came of it", "MB", "smaller", "faster", "points lost", "p50 ms",
        "p95 ms", "p99 ms", "same label", "float32",
    )  # fmt: skip
    rows = [
        (str(n), t.method.name, _outcome(t, chosen, on_front), *_figures(t.stats))
        for n, t in enumerate(trials, start=1)
    ]
    styles = [_style(t, chosen) for t in trials]
    return table(heading, rows, styles)


def _outcome(trial: Trial, chosen: str | None, on_front: set[str]) -> str:
    if trial.error:
        return f"failed: {trial.error}"
    if trial.failures:
        return "refused: " + "; ".join(trial.failures)
    name = trial.method.name
    if name == chosen:
        return "chosen"
    return "passed, on the front" if name in on_front else "passed"


def _style(trial: Trial, chosen: str | None) -> str:
    if trial.method.name == chosen:
        return "kept"
    return "" if trial.passed else "broken"


def _figures(stats: Stats | None) -> Row:
    if stats is None:
        return (_NONE,) * 9
    latency: Latency = stats.quantized_latency_ms
    low, high = stats.accuracy_interval
    return (
        f"{stats.quantized_bytes / 1e6:.3f}", f"{stats.compression_ratio:.2f} x",
        f"{stats.speedup:.2f} x", f"{stats.accuracy_loss:.2f} ({low:.2f} to {high:.2f})",
        *(f"{x:.3g}" for x in (latency.p50, latency.p95, latency.p99)),
        percent(stats.agreement), _operators(stats),
    )  # fmt: skip


def _operators(stats: Stats) -> str:
    found = (f"{n} {kind}" for kind, n in stats.float_operators.items())
    return ", ".join(found) or "none"


def megabytes(n_bytes: int) -> str:
    """Return a size in millions of bytes."""
    return f"{n_bytes / 1e6:.3f}{_FIXED}MB"


def _mebibytes(n_bytes: int) -> str:
    return f"{n_bytes / _MIB:.0f}{_FIXED}MiB" if n_bytes else "not measured"


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:.2f}{_FIXED}%"


def _ms(time_ms: float) -> str:
    return f"{time_ms:.3g}{_FIXED}ms"
