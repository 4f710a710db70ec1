"""Shows a quantization on the terminal."""

from __future__ import annotations

from rich.table import Table

from edge_daemon.evaluate.terminal import console
from edge_daemon.quantize.report.remarks import remarks
from edge_daemon.quantize.result import QuantizationResult
from edge_daemon.quantize.trial import Trial


def print_result(result: QuantizationResult, *, stderr: bool = False) -> None:
    """Print what was tried, what came of it, and what to know about the figures."""
    out = console(stderr=stderr)
    out.print(_trials_table(result))
    for line in remarks(result):
        out.print(line, markup=False, highlight=False)
    out.print(_verdict(result), markup=False, highlight=False)


def _trials_table(result: QuantizationResult) -> Table:
    table = Table("method", title="tried")
    for heading in ("KB", "smaller", "faster", "p50 ms", "points lost"):
        table.add_column(heading, justify="right")
    table.add_column("", overflow="fold")
    for trial in result.trials:
        table.add_row(trial.method.name, *_figures(trial), _outcome(trial, result))
    return table


def _figures(trial: Trial) -> tuple[str, ...]:
    stats = trial.stats
    if stats is None:
        return ("-",) * 5
    return (
        f"{stats.quantized_bytes / 1e3:.1f}", f"{stats.compression_ratio:.2f}",
        f"{stats.speedup:.2f}", f"{stats.quantized_latency_ms.p50:.3f}",
        f"{stats.accuracy_loss:.2f}",
    )  # fmt: skip


def _outcome(trial: Trial, result: QuantizationResult) -> str:
    if trial.error is not None:
        return f"failed: {trial.error}"
    if trial.failures:
        return ", ".join(line.partition(":")[0] for line in trial.failures)
    return "chosen" if trial.method == result.chosen else "passed"


def _verdict(result: QuantizationResult) -> str:
    stats, chosen = result.stats, result.chosen
    if chosen is None or stats is None:
        return f"{result.output}: the original, as float ONNX"
    low, high = stats.accuracy_interval
    return (
        f"{result.output}: {chosen.name}, {stats.compression_ratio:.2f} times smaller, "
        f"{stats.speedup:.2f} times faster, {stats.accuracy_loss:.2f} points lost "
        f"({low:.2f} to {high:.2f} at 95 %, {stats.n_evaluated} inputs)"
    )
