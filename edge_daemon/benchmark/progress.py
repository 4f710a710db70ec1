"""What is being measured, on stderr: a bar on a terminal, else a line for each step."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Tell = Callable[[str, int, int], None]
"""Takes what is done now, the number of this step and of all."""


@contextmanager
def shown() -> Iterator[Tell]:
    """Yield what to tell each step to.

    The bar is drawn when a step begins and never in between: a thread that draws would be measured
    with the rest.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain
        return
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, auto_refresh=False, transient=True) as bar:
        task = bar.add_task("loading", total=None)

        def tell(text: str, step: int, n_steps: int) -> None:
            bar.update(task, description=text, completed=step - 1, total=n_steps, refresh=True)

        yield tell


def _plain(text: str, step: int, n_steps: int) -> None:
    sys.stderr.write(f"[{step}/{n_steps}] {text}\n")
    sys.stderr.flush()
