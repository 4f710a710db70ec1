"""Labels of clips that nobody has recorded."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from edge_daemon.clips import ClipLabel, Verdict
from edge_daemon.clips.names import clip_name

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


def label(
    n: int, word: str = "yes", verdict: Verdict | None = None, said: str | None = None
) -> ClipLabel:
    """Return the label of the ``n``-th clip; clips are heard a minute apart."""
    time = NOON + timedelta(minutes=n)
    return ClipLabel(
        file=clip_name(time, word), label=word, after=None, score=0.9,
        time=time.isoformat(timespec="milliseconds"), model="tiny 1", at_s=2.0,
        verdict=verdict, said=said,
    )  # fmt: skip
