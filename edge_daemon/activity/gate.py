"""Open while the level is off the noise floor, and for as long as the model remembers it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from edge_daemon.activity.floor import NoiseFloor
from edge_daemon.activity.level import QUIETEST_DBFS, VoiceLevel
from edge_daemon.config import ActivityConfig
from edge_daemon.types import FrontendSpec, Samples

FLOOR_SPAN_MS = 8000
"""Audio that the noise floor is taken from; the gate stays open until so much was heard."""
_HYSTERESIS_DB = 2.0
"""So much less than the margin still keeps an open gate open."""


@dataclass(frozen=True, slots=True)
class ActivityFigures:
    """What the gate did so far."""

    hops: int
    skipped: int
    """Hops that no model scored."""
    openings: int
    floor_dbfs: float
    """Level of the noise between about 300 and 1700 Hz."""
    level_dbfs: float
    """The same of the newest hop."""
    is_open: bool

    @property
    def skipped_share(self) -> float:
        """Skipped hops among all, 0 to 1."""
        return self.skipped / self.hops if self.hops else 0.0


class Gate:
    """Decides at every hop whether it is worked on, and keeps the newest that were not.

    Parameters
    ----------
    config : ActivityConfig
    frontend : FrontendSpec
    hop_ms : float
        Time between two hops.
    n_hold : int
        Hops without activity after which it closes: as many as the scores depend on.
    n_kept : int
        Skipped hops that are kept, for looking back.
    """

    def __init__(
        self,
        config: ActivityConfig,
        frontend: FrontendSpec,
        hop_ms: float,
        n_hold: int,
        n_kept: int,
    ) -> None:
        self._opens_db = config.margin_db
        self._keeps_db = config.margin_db - _HYSTERESIS_DB
        self._level = VoiceLevel(frontend)
        self._floor = NoiseFloor(max(1, math.ceil(FLOOR_SPAN_MS / hop_ms)))
        self._n_hold = n_hold
        self._skipped: deque[Samples] = deque(maxlen=n_kept)
        self._hops = self._n_skipped = self._openings = 0
        self.reset()

    def reset(self) -> None:
        """Open for a new stream, in a room that is not known yet; the counts stay."""
        self._level.reset()
        self._floor.reset()
        self._skipped.clear()
        self._n_waiting = 0
        self._hold = self._n_hold
        self._is_open = True
        self._level_dbfs = self._floor_dbfs = QUIETEST_DBFS

    def count_on_from(self, before: Gate) -> None:
        """Take over the counts of another gate, in whose place this one comes."""
        self._hops, self._n_skipped = before._hops, before._n_skipped
        self._openings = before._openings

    def hears(self, hop: Samples, is_awaited: bool = False) -> bool:
        """Take a hop and tell whether it is to be worked on.

        ``is_awaited`` keeps an open gate open: something said decides with what comes next.
        """
        self._level_dbfs = self._level.push(hop)
        self._floor_dbfs = self._floor.push(self._level_dbfs)
        least_db = self._keeps_db if self._is_open else self._opens_db
        # what is far below is a noise that has ended: the floor needs 0.8 s to fall, and a word
        # that is said meanwhile may be softer than the noise was
        is_off = abs(self._level_dbfs - self._floor_dbfs) >= least_db
        if is_off or not self._floor.is_settled:
            self._hold = self._n_hold
        else:
            self._hold = max(0, self._hold - 1)
        is_open = self._hold > 0 or (self._is_open and is_awaited)
        self._openings += is_open and not self._is_open
        self._hops += 1
        self._is_open = is_open
        return is_open

    def skip(self, hop: Samples) -> None:
        """Keep a hop that is not worked on, for as long as it may be looked back on."""
        self._skipped.append(hop.copy())  # else it would keep the whole block it is cut from
        self._n_skipped += 1
        self._n_waiting += 1

    @property
    def is_behind(self) -> bool:
        """Whether there are skipped hops to look back on."""
        return bool(self._skipped)

    def look_back(self, n_scored: int) -> tuple[list[Samples], bool]:
        """Hand out, and forget, the newest skipped hops; tell whether there were more of them.

        The last ``n_scored`` of them count as skipped no longer.
        """
        hops = list(self._skipped)
        are_cut = self._n_waiting > len(hops)
        self._n_skipped -= min(n_scored, len(hops))
        self._skipped.clear()
        self._n_waiting = 0
        return hops, are_cut

    @property
    def figures(self) -> ActivityFigures:
        """What came of it so far."""
        return ActivityFigures(
            self._hops,
            self._n_skipped,
            self._openings,
            round(self._floor_dbfs, 1),
            round(self._level_dbfs, 1),
            self._is_open,
        )
