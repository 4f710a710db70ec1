"""Shows an evaluation on the terminal."""

from __future__ import annotations

from rich.table import Table

from edge_daemon.evaluate.accuracy import Evaluation
from edge_daemon.evaluate.terminal import console


def print_report(result: Evaluation) -> None:
    """Print accuracy, recall and precision by class, and the confusion matrix."""
    out = console()
    out.print(_class_table(result))
    out.print(_confusion_table(result))
    out.print(
        f"accuracy {result.accuracy:.4f} on {result.n_clips} clips, "
        f"{result.n_clips / max(result.seconds, 1e-9):.0f} clips a second"
    )
    if result.as_unknown:
        out.print(f"counted as unknown: {', '.join(result.as_unknown)}")


def _class_table(result: Evaluation) -> Table:
    table = Table("class", title="recall and precision")
    for heading in ("recall", "precision", "clips"):
        table.add_column(heading, justify="right")
    for label, row in result.per_class().items():
        if label in result.as_unknown:
            continue
        shares = (f"{v:.3f}" if v is not None else "-" for v in (row["recall"], row["precision"]))
        table.add_row(label, *shares, str(row["clips"]))
    return table


def _confusion_table(result: Evaluation) -> Table:
    shown = [i for i, label in enumerate(result.labels) if label not in result.as_unknown]
    table = Table("said \\ heard", title="confusion", padding=(0, 0))
    for i in shown:
        table.add_column(result.labels[i][:5], justify="right")
    for i in shown:
        counts = result.confusion[i, shown]
        table.add_row(result.labels[i], *(str(n) if n else "·" for n in counts))
    return table
