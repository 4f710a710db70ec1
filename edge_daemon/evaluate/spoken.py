"""Where in a clip the word is, found from its energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_daemon.types import Samples

_FRAME_MS = 25
_STEP_MS = 10
_FLOOR_QUANTILE = 0.1
_SHARE = 0.35
_RANGE_DB = 30.0
_LONGEST_GAP_MS = 200
_STEPS_OF_16_BITS = 0.1
"""Least mean square of a frame: digital silence is not infinitely far below a voice."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The part of a clip in which somebody speaks.

    start, end : samples, the end exclusive
    level : root mean square of its speech frames, in steps of 16 bits: the active speech level
    """

    start: int
    end: int
    level: float

    def moved(self, by: int) -> Spoken:
        """Return the same part with so many samples before the clip."""
        return Spoken(self.start + by, self.end + by, self.level)


def spoken_part(clip: Samples, rate_hz: int) -> Spoken | None:
    """Return the word of a clip, or None where it holds no sound.

    Frames of 25 ms, one every 10 ms, are speech when their level in decibels is more than 35 %
    of the way from the floor (the 10 % quantile of the frames) to the loudest frame, and at most
    30 dB below that one. The word is the stretch of speech around the loudest frame, over gaps
    of up to 200 ms: a click after the word is not its end, and the stop in "eight" is no gap.
    The last decibels of a sound that fades are not counted as the word.

    Parameters
    ----------
    clip : Samples [shape=(n,), dtype=int16]
    """
    step = rate_hz * _STEP_MS // 1000
    levels_db = _levels_db(clip, step, rate_hz * _FRAME_MS // 1000)
    if not len(levels_db) or not clip.any():
        return None
    peak, floor = levels_db.max(), np.quantile(levels_db, _FLOOR_QUANTILE)
    limit = max(floor + _SHARE * (peak - floor), peak - _RANGE_DB)
    speech = np.flatnonzero(levels_db >= limit)
    stretches = np.split(speech, np.flatnonzero(np.diff(speech) * _STEP_MS > _LONGEST_GAP_MS) + 1)
    [word] = [s for s in stretches if s[0] <= levels_db.argmax() <= s[-1]]
    level = float(np.sqrt(np.mean(10.0 ** (levels_db[word] / 10.0))))
    is_last = word[-1] == len(levels_db) - 1  # behind it is less than a step, and no frame
    end = len(clip) if is_last else int(word[-1]) * step + rate_hz * _FRAME_MS // 1000
    return Spoken(int(word[0]) * step, end, level)


def _levels_db(clip: Samples, step: int, length: int) -> npt.NDArray[np.float64]:
    """Return the level of each frame [shape=(n_frames,)], in decibels above one step."""
    total = np.concatenate([[0.0], np.cumsum(clip.astype(np.float64) ** 2)])
    starts = np.arange(0, max(1, len(clip) - length + 1), step)
    ends = np.minimum(starts + length, len(clip))
    energy = (total[ends] - total[starts]) / np.maximum(1, ends - starts)
    levels: npt.NDArray[np.float64] = 10.0 * np.log10(np.maximum(energy, _STEPS_OF_16_BITS))
    return levels if len(clip) else levels[:0]
