"""Shows an evaluation on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge_daemon.evaluate import Clip, Evaluation


def with_progress(clips: Iterable[Clip], n_clips: int) -> Iterator[Clip]:
    """Yield the clips under a progress bar on stderr; none where that is no terminal."""
    console = Console(stderr=True)
    yield from track(
        clips, total=n_clips, console=console, disable=not console.is_terminal,
        description="scoring", transient=True,
    )  # fmt: skip


def print_report(result: Evaluation) -> None:
    """Print accuracy, recall and precision by class, and the confusion matrix."""
    console = Console()
    console.print(_class_table(result))
    console.print(_confusion_table(result))
    console.print(
        f"accuracy {result.accuracy:.4f} on {result.n_clips} clips, "
        f"{result.n_clips / max(result.seconds, 1e-9):.0f} clips a second"
    )


def _class_table(result: Evaluation) -> Table:
    table = Table("class", title="recall and precision")
    for heading in ("recall", "precision", "clips"):
        table.add_column(heading, justify="right")
    for label, row in result.per_class().items():
        shares = (f"{v:.3f}" if v is not None else "-" for v in (row["recall"], row["precision"]))
        table.add_row(label, *shares, str(row["clips"]))
    return table


def _confusion_table(result: Evaluation) -> Table:
    table = Table("said \\ heard", title="confusion", padding=(0, 0))
    for label in result.labels:
        table.add_column(label[:5], justify="right")
    for label, counts in zip(result.labels, result.confusion, strict=True):
        table.add_row(label, *(str(n) if n else "·" for n in counts))
    return table
