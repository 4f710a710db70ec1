"""The hops at which a word may fire, found once, so that any threshold can be tried at once.

Which word scores best at a hop, and whether it stands alone there, does not depend on any
threshold. What a threshold does to the few hops that are left is counted exactly as the
package's `Trigger` would: the word fires when its smoothed score is at least the threshold, it
has been below the re-arming level since it last fired, and its refractory time is over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from edge_daemon.config import DecisionConfig
from edge_daemon.decision.isolation import Isolation
from edge_daemon.decision.trigger import Hit
from edge_daemon.evaluate.listening import Listened
from edge_daemon.types import ModelSpec, Scores

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]

LEAST_SCORE = 0.2
"""Thresholds below are not tried."""
NEVER = -1


@dataclass(frozen=True, slots=True)
class Candidates:
    """The hops of a stream at which one word scores best of all labels.

    hops [shape=(n,)]
    scores : smoothed score of the word [shape=(n,)]
    lows : its lowest smoothed score since the candidate before [shape=(n,)]
    alone : hop at which it is known that the word stands alone, or `NEVER` [shape=(n,)]
    """

    hops: IntArray
    scores: FloatArray
    lows: FloatArray
    alone: IntArray
    hop_ms: float

    def detected_s(self, threshold: float, rearm_below: float, refractory_ms: float) -> FloatArray:
        """Return when the word is detected at a threshold, in seconds [shape=(n,)], in order."""
        above = np.flatnonzero(self.scores >= threshold)
        if not len(above):
            return np.zeros(0)
        begins = np.concatenate([[0], above[:-1] + 1])
        lows = np.minimum.reduceat(self.lows[: above[-1] + 1], begins)
        at_ms = self.hops[above].astype(np.float64) * self.hop_ms
        known = self.alone[above[_fired(at_ms, lows < rearm_below, refractory_ms)]]
        return np.sort(known[known != NEVER] + 1) * (self.hop_ms / 1000.0)


def _fired(at_ms: FloatArray, rearms: npt.NDArray[np.bool_], refractory_ms: float) -> list[int]:
    """Return which of the hops that reach the threshold the word fires at, as indices."""
    fired: list[int] = []
    is_armed, last_ms = True, -np.inf
    for i, (now_ms, rearmed) in enumerate(zip(at_ms.tolist(), rearms.tolist(), strict=True)):
        is_armed = is_armed or rearmed
        if is_armed and now_ms - last_ms >= refractory_ms:
            fired.append(i)
            is_armed, last_ms = False, now_ms
    return fired


def candidates(
    listened: Listened,
    spec: ModelSpec,
    config: DecisionConfig,
    hop_ms: float,
    isolate_ms: Mapping[str, int],
) -> dict[str, Candidates]:
    """Return the candidates of each word in a stream.

    Parameters
    ----------
    isolate_ms : mapping of str to int
        Pause that each word needs around it, by label; 0 for none.
    """
    smooth_ms = spec.smooth_ms if config.smooth_ms is None else config.smooth_ms
    smoothed = smoothed_scores(listened.scores, max(1, round(smooth_ms / hop_ms)))
    best = smoothed.argmax(axis=1) if len(smoothed) else np.zeros(0, np.int64)
    top = smoothed[np.arange(len(best)), best]
    pauses_ms = np.array([isolate_ms.get(label, 0) for label in spec.labels])
    is_word = np.array([label in spec.words for label in spec.labels])
    hops = np.flatnonzero(is_word[best] & (top >= LEAST_SCORE))
    alone = _alone(listened.levels, hops, pauses_ms[best[hops]], spec, config)
    found = {}
    for word in spec.words:
        number = spec.labels.index(word)
        mine = best[hops] == number
        found[word] = Candidates(
            hops[mine],
            top[hops[mine]].astype(np.float64),
            _lows(smoothed[:, number], hops[mine]),
            alone[mine],
            hop_ms,
        )
    return found


def smoothed_scores(scores: Scores, n: int) -> Scores:
    """Return the mean over the newest ``n`` scores, zeros before the first.

    Parameters
    ----------
    scores : Scores [shape=(n_hops, n_labels), dtype=float32]
    """
    finite = np.where(np.isfinite(scores).all(axis=1, keepdims=True), scores, 0.0)
    padded = np.concatenate([np.zeros((n - 1, scores.shape[1]), np.float32), finite])
    smoothed = np.zeros_like(scores)
    for k in range(n):
        smoothed += padded[k : k + len(scores)]
    return smoothed / np.float32(n)


def _lows(smoothed: Scores, hops: IntArray) -> FloatArray:
    """Return the lowest score over the hops after the last candidate, up to each."""
    if not len(hops):
        return np.zeros(0)
    begins = np.concatenate([[0], hops[:-1] + 1])
    return np.minimum.reduceat(smoothed[: hops[-1] + 1], begins).astype(np.float64)


def _alone(
    levels: Scores, hops: IntArray, pauses_ms: IntArray, spec: ModelSpec, config: DecisionConfig
) -> IntArray:
    """Return when the package's own `Isolation` lets each candidate through."""
    if not pauses_ms.any():
        return hops
    frame_ms = 1000.0 * spec.frontend.hop_length / spec.frontend.sample_rate_hz
    isolation = Isolation(
        frame_ms, config.pause_margin_db, config.max_word_ms, int(pauses_ms.max())
    )
    number_at = {int(hop): i for i, hop in enumerate(hops)}
    alone = np.full(len(hops), NEVER)
    for hop in range(len(levels)):
        isolation.push(levels[hop])
        number = number_at.get(hop)
        if number is not None and pauses_ms[number]:
            isolation.hold(Hit(str(number), 0.0), int(pauses_ms[number]))
        elif number is not None:
            alone[number] = hop
        for passed in isolation.said_alone():
            alone[int(passed.label)] = hop
    return alone
