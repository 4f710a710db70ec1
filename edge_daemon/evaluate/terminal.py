"""Where tables are printed."""

from __future__ import annotations

import os

from rich.console import Console

_WIDTH = 120


def console(*, stderr: bool = False) -> Console:
    """Return a console; in a file or a pipe wide enough for the labels of a large model."""
    found = Console(stderr=stderr)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = max(found.width, _WIDTH)
    return found
