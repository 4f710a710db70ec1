"""Shows thresholds that were found, and says the same as JSON."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from edge_daemon.evaluate.bounds import least_share, most_per_hour
from edge_daemon.evaluate.terminal import console
from edge_daemon.tune.operating_point import Choice
from edge_daemon.tune.remarks import warnings
from edge_daemon.tune.thresholds import Tuned


def print_tuned(tuned: Tuned, *, stderr: bool) -> None:
    """Print a row for each word and mode, and what to beware of."""
    out = console(stderr=stderr)
    out.print(_table(tuned))
    for line in warnings(tuned):
        out.print(f"beware: {line}", highlight=False)


def _table(tuned: Tuned) -> Table:
    table = Table("word", "said", title=_title(tuned))
    for heading in ("threshold", "heard", "of", "misheard", "per h", "asked"):
        table.add_column(heading, justify="right")
    for by_mode in tuned.choices.values():
        for choice in by_mode.values():
            table.add_row(choice.word, choice.mode, *_cells(choice), f"{choice.per_hour:g}")
        table.add_section()
    return table


def _title(tuned: Tuned) -> str:
    hours = sum(tuned.hours.values())
    return f"thresholds for {tuned.spec.name} {tuned.spec.version}, {hours:.2f} h of negatives"


def _cells(choice: Choice) -> list[str]:
    trial = choice.trial
    if trial is None or choice.threshold is None:
        return ["none", "-", "-", "-", "-"]
    return [
        f"{choice.threshold:.4f}", f"{100 * trial.recall:.1f} %", str(trial.said),
        str(trial.wrong), f"{trial.per_hour:.3g}",
    ]  # fmt: skip


def as_json(tuned: Tuned) -> dict[str, Any]:
    """Return the documented JSON object; its thresholds are those for a model's metadata."""
    return {
        "model": f"{tuned.spec.name} {tuned.spec.version}",
        "thresholds": tuned.thresholds,
        "thresholds_after": tuned.thresholds_after,
        "noise": list(tuned.noises),
        "isolate_ms": tuned.isolate_ms,
        "clips": tuned.clips,
        "hours": tuned.hours,
        "words": {
            word: {mode: _choice_as_json(choice) for mode, choice in by_mode.items()}
            for word, by_mode in tuned.choices.items()
        },
        "det": [curve.as_json() for curve in tuned.curves],
        "warnings": warnings(tuned),
    }


def _choice_as_json(choice: Choice) -> dict[str, Any]:
    trial = choice.trial
    found = {"threshold": choice.threshold, "per_hour_allowed": choice.per_hour}
    if trial is None:
        return found
    return {
        **found,
        "said": trial.said,
        "hits": trial.hits,
        "recall": trial.recall,
        "recall_at_least": least_share(trial.hits, trial.said),
        "misheard": trial.wrong,
        "false_accepts": trial.false_accepts,
        "per_hour": trial.per_hour,
        "per_hour_at_most": most_per_hour(trial.false_accepts, trial.hours),
        "kept": choice.kept,
    }
