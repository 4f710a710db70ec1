"""Thresholds as a fragment of a configuration, with what they rest on."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping

from edge_daemon.tune.operating_point import Choice
from edge_daemon.tune.remarks import how, warnings
from edge_daemon.tune.targets import Mode
from edge_daemon.tune.thresholds import Tuned

_WIDTH = 98
_KEYS: dict[Mode, str] = {
    "alone": "threshold", "after": "threshold_after", "wake": "threshold",
}  # fmt: skip


def fragment(tuned: Tuned) -> str:
    """Return YAML that the configuration's loader takes; ready to be copied into a file."""
    rows = [line for word in sorted(tuned.choices) for line in _word(word, tuned.choices[word])]
    has_any = any(not line.lstrip().startswith("#") for line in rows)
    words = ["  words:", *rows] if has_any else ["  words: {}", *rows]
    return "\n".join([*_heading(tuned), "decision:", *words]) + "\n"


def _heading(tuned: Tuned) -> list[str]:
    targets, hours = tuned.targets, tuned.hours
    streams = ", ".join(f"{name} {h:.2f} h" for name, h in hours.items())
    pauses = " or ".join(f"{x} ms" for x in sorted(set(tuned.isolate_ms.values()))) or "none"
    said = (
        f"Thresholds for the model {tuned.spec.name} {tuned.spec.version}, found by "
        f"`edge-daemon tune` on {sum(tuned.clips.values())} clips ({', '.join(tuned.noises)}) and "
        f"{sum(hours.values()):.2f} h of negatives ({streams})."
    )
    asked = (
        f"False accepts an hour allowed of each word: {targets.alone:g} alone (`threshold`, with "
        f"isolate_ms: {pauses}), {targets.after:g} right after a wake word (`threshold_after`), "
        f"{targets.wake:g} as a wake word."
    )
    lines = [*_comment(said), *_comment(asked)]
    for remark in warnings(tuned):
        lines += _comment(f"Beware: {remark}.")
    return lines


def _word(word: str, choices: Mapping[Mode, Choice]) -> list[str]:
    """Return the lines of one word, with the thresholds that were found.

    Without the one for following a wake word there is only a comment: the one for alone would
    be refused where the word fires after wake words only.
    """
    keys = [f"{_KEYS[m]}: {c.threshold:g}" for m, c in choices.items() if c.threshold is not None]
    decisive = choices.get("after") or next(iter(choices.values()))
    is_usable = decisive.threshold is not None
    says = "; ".join(_figures(choice) for choice in choices.values())
    lines = _comment(says, indent="    ")
    entry = f"{json.dumps(word, ensure_ascii=False)}: {{{', '.join(keys)}}}"
    return [*lines, f"    {entry}" if is_usable else "    # left out"]


def _figures(choice: Choice) -> str:
    trial = choice.trial
    if trial is None or choice.threshold is None:
        return f"{how(choice)}: not heard at {choice.per_hour:g} false accepts an hour"
    return (
        f"{how(choice)}: {trial.hits} of {trial.said} heard ({100 * trial.recall:.1f} %), "
        f"false accepts: {trial.false_accepts} in {trial.hours:.2f} h"
    )


def _comment(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
