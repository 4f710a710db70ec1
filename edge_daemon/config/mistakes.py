"""Where a mistake of the configuration was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_daemon.errors import ConfigError


@contextmanager
def named(path: Path | None) -> Iterator[None]:
    """Name the file in a mistake that shows only once its configuration is used."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(error.problems, str(path or error.where)) from None
