"""A clip as a few lines of a terminal of 80 columns."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from rich.text import Text

from edge_daemon.clips import ClipLabel
from edge_daemon.review.judging import RATE_HZ
from edge_daemon.types import Samples

HELP = "p play   a accept   r reject   l relabel   s skip   q quit"

_WIDTH = 60
_LEVELS = "▁▂▃▄▅▆▇█"
_QUIETEST_DB = -60.0


def clip_lines(label: ClipLabel, samples: Samples, where: str) -> Text:
    """Return what was heard, and the level over time with a mark where the decision fell."""
    said = f"{label.after} … {label.label}" if label.after else label.label
    text = Text.assemble(
        f"\n{where}  ", (said, "bold"), f"  score {label.score:.2f}  {_local(label.time)}",
        f"  {label.model}" if label.model else "",
    )  # fmt: skip
    column = round(label.at_s * RATE_HZ / max(1, len(samples)) * _WIDTH)
    levels = _levels(samples)
    text.append(f"\n  {levels[:column]}")
    text.append("|", style="bold")
    text.append(f"{levels[column:]}  {len(samples) / RATE_HZ:.1f} s")
    return text


def _levels(samples: Samples) -> str:
    """Return a character a column; none where there is no audio."""
    parts = [x.astype(np.float64) for x in np.array_split(samples, _WIDTH) if len(x)]
    power = np.array([np.mean(x**2) for x in parts]) / 32768.0**2
    db = 10 * np.log10(np.maximum(power, 1e-12))
    share = np.clip(1 - db / _QUIETEST_DB, 0, 1)
    return "".join(_LEVELS[round(x * (len(_LEVELS) - 1))] for x in share.tolist())


def _local(time: str) -> str:
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return time
