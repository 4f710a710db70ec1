"""What every source of audio offers, and how long one read may take."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol

from edge_daemon.types import Block

READ_TIMEOUT_S = 0.25
"""Longest time that one ``read()`` waits, so that the main loop sees signals in time."""


class AudioSource(Protocol):
    """Mono audio at the model's rate, a block at a time.

    A context manager: entering opens the source, leaving closes it. A source that was closed
    may be opened again; closing twice does nothing.
    """

    @property
    def description(self) -> str:
        """What was opened, at which rate and channels, and whether it is resampled."""
        ...

    @property
    def captured(self) -> int:
        """Samples that have come since it was opened, read or not, at the rate of the blocks.

        Counted where they come in, not where they are read. After resampling it is off by less
        than what the filter holds back.
        """
        ...

    def read(self) -> Block | None:
        """Return the audio that has come, within ``READ_TIMEOUT_S``; None once it has ended.

        The block has no samples when nothing new has come.

        Raises
        ------
        AudioError
            The source cannot be read; ``AudioLost`` where opening it again may help.
        """
        ...

    def __enter__(self) -> AudioSource:
        """Open the source.

        Raises
        ------
        AudioError
            It cannot be opened; the message says why and what there is instead.
        """
        ...

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the source."""
        ...
