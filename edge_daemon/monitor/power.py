"""The watts of this board, which the daemon at the other end of a local socket runs on."""

from __future__ import annotations

from pathlib import Path

from edge_daemon.telemetry.sampling import open_sampler

_STOP_S = 0.2


class Power:
    """Reads the board's meter once a second, so that the daemon need not tell it as often."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._sampler = open_sampler(root, 1.0)

    def watts(self) -> float | None:
        """Return the mean since this was asked the last time; None where nothing measures it."""
        return self._sampler.take()["watts_mean"] if self._sampler else None

    def stop(self) -> None:
        """End the reading."""
        if self._sampler:
            self._sampler.stop(_STOP_S)
