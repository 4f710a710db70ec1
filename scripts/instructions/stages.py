"""Instructions per second of audio, by stage, out of the counts at the marks."""

from __future__ import annotations

import statistics
from itertools import pairwise

from msgspec import Struct

NOTHING, COUNTED = "nothing", "counted"
"""Parts of the work: marks with nothing between them; what follows the lead."""
BETWEEN = "between hops"
ALL = "all"


class Part(Struct, frozen=True):
    """The marks of one part of the work, in their order, as `listen.py` prints them."""

    name: str
    audio_s: float
    n_detections: int
    marks: list[str]


class Cost(Struct, frozen=True, kw_only=True):
    """What listening to a recording took."""

    audio_s: float
    stages: dict[str, float]
    """Instructions per second of audio, by stage; ``all`` has the sum."""
    n_detections: int | None = None

    @property
    def total(self) -> float:
        """Instructions per second of audio."""
        return self.stages[ALL]


def cost_of(parts: list[Part], counts: list[int]) -> Cost:
    """Return what the counted part took, without what the marks themselves take.

    counts : at each mark of each part, and at the end
    """
    marks = [(part.name, mark) for part in parts for mark in part.marks]
    if len(marks) != len(counts) - 1:
        raise ValueError(f"{len(marks)} marks were made, and {len(counts) - 1} were counted")
    taken = [(*mark, b - a) for mark, (a, b) in zip(marks[1:], pairwise(counts[:-1]), strict=True)]
    of_a_mark = statistics.median(n for part, _, n in taken if part == NOTHING)
    sums: dict[str, float] = {}
    for part, mark, n in taken:
        if part == COUNTED and mark != BETWEEN:
            sums[mark] = sums.get(mark, 0.0) + n - of_a_mark
    counted = next(part for part in parts if part.name == COUNTED)
    stages = {mark: n / counted.audio_s for mark, n in sums.items()}
    return Cost(
        audio_s=counted.audio_s,
        stages={**stages, ALL: sum(stages.values())},
        n_detections=counted.n_detections,
    )
