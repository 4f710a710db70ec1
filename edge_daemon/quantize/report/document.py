"""Everything that is known of a quantization, as one JSON object."""

from __future__ import annotations

from typing import Any

import msgspec

from edge_daemon.machine import machine
from edge_daemon.quantize.gate import Stats
from edge_daemon.quantize.report.front import front
from edge_daemon.quantize.report.remarks import remarks
from edge_daemon.quantize.result import QuantizationResult
from edge_daemon.quantize.trial import Trial


def document(result: QuantizationResult) -> dict[str, Any]:
    """Return the documented JSON object.

    Fields are those of `QuantizationResult`, `Trial`, `Method` and `Stats`, with what follows from
    them (ratios, names, the front) and the machine it was measured on. Units end the names; a
    ``loss`` is in points, an accuracy a share from 0 to 1.
    """
    return {
        "accepted": result.accepted,
        "original": str(result.original),
        "output": str(result.output),
        "method": result.chosen.name if result.chosen else None,
        "chosen": msgspec.to_builtins(result.chosen),
        "reasons": list(result.reasons),
        "remarks": remarks(result),
        "gate": msgspec.to_builtins(result.gate),
        "stats": _stats(result.stats),
        "front": [trial.method.name for trial in front(result.trials, result.gate)],
        "trials": [_trial(trial) for trial in result.trials],
        "machine": machine(),
    }


def _trial(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.method.name,
        "passed": trial.passed,
        "failures": list(trial.failures),
        "error": trial.error,
        "method": msgspec.to_builtins(trial.method),
        "stats": _stats(trial.stats),
    }


def _stats(stats: Stats | None) -> dict[str, Any] | None:
    if stats is None:
        return None
    found: dict[str, Any] = msgspec.to_builtins(stats)
    return {
        "compression_ratio": stats.compression_ratio,
        "accuracy_loss": stats.accuracy_loss,
        "speedup": stats.speedup,
        **found,
    }
