"""A word said alone: a pause before it and a pause after it.

Speech is told from pauses by the level of the frames against a noise floor that follows the
room. A word that is part of a sentence, or of a noise longer than a word, is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_daemon.decision.trigger import Hit
from edge_daemon.types import Scores

_FLOOR_SPAN_MS = 3000
_FLOOR_QUANTILE = 0.15
_PEAK_SHARE = 0.35
_DB_PER_NEPER = 10.0 / np.log(10.0)


@dataclass(frozen=True, slots=True)
class _Held:
    hit: Hit
    pause_frames: int


class Isolation:
    """Holds hits back until it is known whether they stand alone.

    Parameters
    ----------
    frame_ms : float
        Time between two frames.
    margin_db : float
        A frame this much above the noise floor is speech.
    max_word_ms : float
        Speech that lasts longer is no single word.
    longest_pause_ms : float
        The longest pause that any hit will need.
    """

    def __init__(
        self, frame_ms: float, margin_db: float, max_word_ms: float, longest_pause_ms: float
    ) -> None:
        self._frame_ms = frame_ms
        self._margin = margin_db / _DB_PER_NEPER
        self._max_frames = round(max_word_ms / frame_ms)
        span_ms = max(_FLOOR_SPAN_MS, max_word_ms + 2 * longest_pause_ms)
        self._history = np.zeros(round(span_ms / frame_ms), np.float32)
        self._speech = np.zeros(len(self._history), dtype=bool)
        self.memory_ms = 2 * len(self._history) * frame_ms
        """Audio that a verdict depends on: that in memory, and what its own floors rest on."""
        self.reset()

    def reset(self) -> None:
        """Forget the levels heard; the room is taken to be silent until it is heard."""
        self._n_frames = 0
        self._history[:] = -np.inf
        self._speech[:] = False
        self._held: list[_Held] = []

    def hold(self, hit: Hit, pause_ms: float) -> None:
        """Keep a hit until the pause after it, or until it is clear that there is none."""
        self._held.append(_Held(hit, round(pause_ms / self._frame_ms)))

    def drop(self, label: str) -> None:
        """Forget the held hits of a word that turned out not to stand alone."""
        self._held = [held for held in self._held if held.hit.label != label]

    @property
    def is_holding(self) -> bool:
        """Whether a hit waits for its pause."""
        return bool(self._held)

    def push(self, levels: Scores) -> None:
        """Take the levels of new frames [shape=(n_frames,), dtype=float32], in nepers."""
        n = len(levels)
        self._n_frames += n
        self._history = np.concatenate([self._history[n:], levels])
        heard = self._history[-min(self._n_frames, len(self._history)) :]
        floor = np.partition(heard, k := int(_FLOOR_QUANTILE * (len(heard) - 1)))[k]
        peak = self._history[-self._max_frames :].max()
        limit = floor + max(self._margin, _PEAK_SHARE * (peak - floor))
        self._speech = np.concatenate([self._speech[n:], levels > limit])

    def said_alone(self) -> list[Hit]:
        """Return the held hits that turned out to stand alone; forget those that do not."""
        if not self._held:
            return []
        found, waiting = [], []
        for held in self._held:
            verdict = self._verdict(held)
            if verdict is None:
                waiting.append(held)
            elif verdict:
                found.append(held.hit)
        self._held = waiting
        return found

    def _verdict(self, held: _Held) -> bool | None:
        """Return whether the latest stretch of speech is one word, or None while it goes on."""
        spoken = np.flatnonzero(self._speech)
        if len(spoken) == 0:
            return True
        last = spoken[-1]
        gaps = np.diff(spoken) > held.pause_frames
        first = spoken[np.flatnonzero(gaps)[-1] + 1] if gaps.any() else spoken[0]
        if last - first >= self._max_frames:
            return False
        if len(self._speech) - 1 - last >= held.pause_frames:
            return True
        return None
