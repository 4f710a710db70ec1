"""What was set while the daemon ran, and a service keeps over a restart: muting and thresholds."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from edge_daemon.control.messages import LONGEST_MUTE_S
from edge_daemon.errand import Errand
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.outputs import write_whole
from edge_daemon.reading import read_whole
from edge_daemon.state import state_directory

_LOG = logging.getLogger(__name__)

NAME = "adjustments.json"
MOST_BYTES = 100_000
SAVED_WITHIN_S = 0.5


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the file."""

    muted: bool = False
    muted_until: float | None = None
    """Unix time at which it hears again; None: when somebody says so."""
    thresholds: dict[str, Annotated[float, msgspec.Meta(gt=0, le=1)]] = {}
    """Of the words whose threshold is not the configured one."""


def kept_in() -> Path | None:
    """Return the file, where a service manager gives the daemon a place of its own."""
    return state_directory() / NAME if os.environ.get("STATE_DIRECTORY") else None


class Adjustments:
    """Remembers what was set, in memory and, where there is one, in a file.

    The file is written in a thread: a memory card may take its time.

    Parameters
    ----------
    path : Path or None
        None: it is forgotten at the end, as for a daemon that is run by hand.
    now : callable
        The Unix time.
    """

    def __init__(self, path: Path | None, now: Callable[[], float] = time.time) -> None:
        self._path = path
        self._now = now
        self._is_saved = True
        self._saving: Errand[None] | None = None
        self._kept = _read(path) if path else Kept()

    @property
    def thresholds(self) -> dict[str, float]:
        """Of the words whose threshold is not the configured one."""
        return self._kept.thresholds

    @property
    def was_muted(self) -> bool:
        """Somebody has muted it, whether or not the time of that is over."""
        return self._kept.muted

    @property
    def is_muted(self) -> bool:
        """It is muted, and the time of that is not over."""
        left_s = self.muted_left_s
        return self._kept.muted and (left_s is None or left_s > 0)

    @property
    def muted_left_s(self) -> float | None:
        """How long it is to stay muted; None: until somebody says so."""
        until = self._kept.muted_until
        # a board without a clock of its own begins in the past: nobody has asked for months
        return None if until is None else min(until - self._now(), LONGEST_MUTE_S)

    def set_muted(self, muted: bool, for_s: float | None = None) -> None:
        """Remember that it is muted, for so long or for good, or is not."""
        until = self._now() + for_s if muted and for_s is not None else None
        self._keep(msgspec.structs.replace(self._kept, muted=muted, muted_until=until))

    def set_threshold(self, word: str, value: float | None) -> None:
        """Remember a word's threshold; None: it is the configured one again."""
        others = {w: x for w, x in self._kept.thresholds.items() if w != word}
        own = {} if value is None else {word: value}
        self._keep(msgspec.structs.replace(self._kept, thresholds=others | own))

    def save_what_changed(self) -> None:
        """Begin to write what has changed, unless there is writing going on."""
        if self._is_saved or self._path is None or (self._saving and not self._saving.is_over):
            return
        self._is_saved = True
        path, content = self._path, msgspec.json.encode(self._kept)
        try:
            self._saving = Errand(lambda: _write(path, content), "edge-adjustments")
        except OSError as error:  # no thread is to be had; at the next change it is tried again
            _say_unsaved(path, error)

    def stop(self, timeout_s: float = SAVED_WITHIN_S) -> None:
        """Write the last, and wait for it, but no longer than this."""
        until_s = time.monotonic() + timeout_s
        for _ in range(2):  # what is being written may be older
            self.save_what_changed()
            if self._saving:
                self._saving.wait(max(0.0, until_s - time.monotonic()))

    def _keep(self, kept: Kept) -> None:
        self._is_saved = self._is_saved and kept == self._kept
        self._kept = kept


def _read(path: Path) -> Kept:
    try:
        return msgspec.json.decode(read_whole(path, MOST_BYTES), type=Kept)
    except FileNotFoundError:
        return Kept()
    except (OSError, msgspec.DecodeError) as error:
        _LOG.warning("%s: cannot be read, so nothing of it is in force: %s", path, error)
        return Kept()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
    except (OSError, EdgeDaemonError) as error:
        _say_unsaved(path, error)


def _say_unsaved(path: Path, error: Exception) -> None:
    _LOG.warning("%s: what was set is forgotten at the next start: %s", path, error)
