"""The same as one line, for a file, a pipe, or a terminal that has no cursor."""

from __future__ import annotations

import time
from collections.abc import Iterator

from edge_daemon.monitor.glyphs import Glyphs
from edge_daemon.monitor.screen import condition_of, health_of
from edge_daemon.monitor.view import View, said


def line_of(view: View, now: float, n_new: int, glyphs: Glyphs) -> str:
    """Return how it is, and the words that are new since the line before."""
    words = list(view.words)[-n_new:] if n_new else []
    heard = ", ".join(f"{said(word)} ({word.score:.2f})" for word in words)
    parts = [
        time.strftime("%H:%M:%S", time.localtime(now)),
        condition_of(view, now)[0].lower(),
        *(_levels(view) if view.live else [health_of(view, now)]),
        *([f"heard {heard}"] if heard else []),
    ]
    return glyphs.safe("  ".join(parts))


def _levels(view: View) -> Iterator[str]:
    if view.live:
        yield f"level {view.live.level_dbfs:.1f} dBFS"
        yield f"floor {view.live.floor_dbfs:.1f} dBFS"
    if view.latencies_ms:
        yield f"latency {view.latencies_ms[-1]:.1f} ms"
    if view.watts:
        yield f"power {view.watts[-1]:.2f} W"
    yield from _nearest(view)


def _nearest(view: View) -> Iterator[str]:
    """Yield the word that is nearest to its threshold."""
    thresholds = view.state.thresholds if view.state else {}
    shares = {word: view.score(word) / least for word, least in thresholds.items()}
    nearest = max(shares, key=shares.__getitem__, default=None)
    if nearest is not None and shares[nearest] > 0:
        yield f"nearest {nearest} {view.score(nearest):.2f} of {thresholds[nearest]:.2f}"
