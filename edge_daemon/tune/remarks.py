"""What has to be said of thresholds that were found: on how little they rest."""

from __future__ import annotations

from edge_daemon.evaluate.bounds import least_share, most_per_hour
from edge_daemon.tune.operating_point import Choice
from edge_daemon.tune.thresholds import Tuned

_FEW_CLIPS = 20
_LOW_RECALL = 0.5
_HOW = {"alone": "alone", "after": "after a wake word", "wake": "as a wake word"}


def how(choice: Choice) -> str:
    """Return in words how the word is said."""
    return _HOW[choice.mode]


def warnings(tuned: Tuned) -> list[str]:
    """Return a line for each thing to beware of."""
    choices = [c for by_mode in tuned.choices.values() for c in by_mode.values()]
    return [
        *_about_hours(tuned, {(c.mode, c.per_hour) for c in choices}),
        *_about_clips(tuned),
        *_about_recall(choices),
        *_about_kept(choices),
        *(line for c in choices for line in _about(c)),
    ]


def lost(tuned: Tuned) -> list[str]:
    """Return the words that are never heard at their operating point, and how they are said."""
    return [
        f"{choice.word} {how(choice)}"
        for by_mode in tuned.choices.values()
        for choice in by_mode.values()
        if choice.threshold is None
    ]


def _about_hours(tuned: Tuned, asked: set[tuple[str, float]]) -> list[str]:
    hours = sum(tuned.hours.values())
    return [
        f"{hours:.2f} h of negatives are too few for {per_hour:g} false accepts an hour "
        f"{_HOW[mode]}: none was allowed, and none in {hours:.2f} h proves only fewer than "
        f"{most_per_hour(0, hours):.2g} an hour; {3 / per_hour:.2g} h are needed"
        for mode, per_hour in sorted(asked)
        if 0 < per_hour * hours < 1
    ]


def _about_clips(tuned: Tuned) -> list[str]:
    few = [f"{word} ({n})" for word, n in tuned.clips.items() if n < _FEW_CLIPS]
    if not few:
        return []
    least = 100 * least_share(_FEW_CLIPS, _FEW_CLIPS)
    return [
        f"fewer than {_FEW_CLIPS} clips of {', '.join(few)}: their recall is hardly known; even "
        f"{_FEW_CLIPS} of {_FEW_CLIPS} heard would prove only {least:.0f} %"
    ]


def _about_recall(choices: list[Choice]) -> list[str]:
    low = [
        f"{c.word} {how(c)} ({c.trial.hits} of {c.trial.said})"
        for c in choices
        if c.trial and 0 < c.trial.recall < _LOW_RECALL
    ]
    if not low:
        return []
    return [
        f"heard less than half of the time: {', '.join(low)}; allow more false accepts, or take "
        "other words"
    ]


def _about_kept(choices: list[Choice]) -> list[str]:
    kept = [f"{c.word} {how(c)} ({c.threshold:g})" for c in choices if c.kept and c.threshold]
    if not kept:
        return []
    return [
        f"not sought below the model's own threshold: {', '.join(kept)}; so few hours cannot show "
        "that a lower one will do"
    ]


def _about(choice: Choice) -> list[str]:
    where = f"{choice.word}, {how(choice)}"
    if choice.trial is None:
        return [
            f"{where}: no threshold, since even at 1 there are more than {choice.per_hour:g} "
            "false accepts an hour"
        ]
    if choice.threshold is None:
        return [
            f"{where}: no threshold, since at {choice.per_hour:g} false accepts an hour it is "
            "never heard"
        ]
    return []
