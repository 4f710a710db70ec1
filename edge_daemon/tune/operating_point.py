"""The threshold of one word at a rate of false accepts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_daemon.evaluate.sweep import GRID, Sweep, Trial
from edge_daemon.tune.targets import Mode, Targets

_MOST_TRIALS = 200


@dataclass(frozen=True, slots=True)
class Choice:
    """The threshold of a word in a mode, and what it makes of the streams."""

    word: str
    mode: Mode
    per_hour: float
    """False accepts an hour that were allowed."""
    trial: Trial | None
    """None where every threshold has more."""
    kept: bool = False
    """It was not sought below the model's own threshold: too few hours say that it may be."""

    @property
    def threshold(self) -> float | None:
        """The threshold found; None where the word would never be heard."""
        return self.trial.threshold if self.trial is not None and self.trial.hits else None


def choose(
    sweep: Sweep, word: str, mode: Mode, targets: Targets, own: float | None = None
) -> Choice:
    """Choose the threshold of a word.

    Of the thresholds with no more false accepts than allowed it is the one at which the share of
    the times said that are heard, less the times that another word is taken for this one (as if
    each word were said equally often, times ``targets.misheard``), is greatest; the middle one of
    equally good ones.

    Parameters
    ----------
    own : float, optional
        The model's own threshold, which is not lowered on negatives in which the rate allows no
        false accept at all: those say too little.
    """
    per_hour = targets.of(mode)
    n_allowed = int(per_hour * sweep.hours + 1e-9)
    least = sweep.least_threshold(n_allowed)
    if least is None:
        return Choice(word, mode, per_hour, None)
    is_kept = own is not None and n_allowed == 0 and least < own
    floor = own if own is not None and is_kept else least
    trial = sweep.at(_best(sweep, floor, targets.misheard))
    if trial.false_accepts > n_allowed:  # events may melt into one at a lower threshold
        trial = sweep.at(least)
    return Choice(word, mode, per_hour, trial, is_kept)


def _best(sweep: Sweep, least: float, misheard: float) -> float:
    steps = sweep.steps()
    steps = np.unique([least, *steps[steps > least]])
    tried = np.linspace(0, len(steps) - 1, min(_MOST_TRIALS, len(steps))).round().astype(int)
    cost = misheard * sweep.n_other_words
    worth = np.array([_worth(sweep.at(float(steps[i])), cost) for i in tried])
    first = int(worth.argmax())
    last = first
    while last + 1 < len(worth) and np.isclose(worth[last + 1], worth[first]):
        last += 1
    # nothing changes from one step up to just below the next
    highest = steps[tried[last] + 1] - GRID if tried[last] + 1 < len(steps) else 1.0
    return round(float(steps[tried[first]] + highest) / 2.0, 4)


def _worth(trial: Trial, cost: float) -> float:
    return trial.recall - cost * trial.wrong / max(1, trial.others)
