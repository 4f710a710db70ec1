"""Detections against what was said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_daemon.evaluate.listening import SaidAt
from edge_daemon.types import Detection

LATE_S = 1.0
"""A detection up to so long after the end of its clip is a hit; isolation is added to it."""


@dataclass
class Matched:
    """What was heard of what was said, and what was heard besides."""

    heard: list[tuple[SaidAt, Detection]] = field(default_factory=list)
    missed: list[SaidAt] = field(default_factory=list)
    wrong: list[Detection] = field(default_factory=list)


def match(said: Iterable[SaidAt], detections: Iterable[Detection], late_s: float) -> Matched:
    """Give each word, in order of time, the first detection left that fits it.

    It fits when it has the word's label, comes between the beginning of the word's clip and
    ``late_s`` after its end, and, where a wake word was said before, followed that one.
    """
    left: dict[str, list[Detection]] = {}
    for detection in sorted(detections, key=lambda d: d.time_s):
        left.setdefault(detection.label, []).append(detection)
    result = Matched()
    for word in said:
        fitting = (
            d
            for d in left.get(word.label, [])
            if word.start_s <= d.time_s <= word.end_s + late_s
            and (word.after is None or d.after == word.after)
        )
        first = next(fitting, None)
        if first is None:
            result.missed.append(word)
        else:
            left[word.label].remove(first)
            result.heard.append((word, first))
    result.wrong = sorted((d for found in left.values() for d in found), key=lambda d: d.time_s)
    return result
