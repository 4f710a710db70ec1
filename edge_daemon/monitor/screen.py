"""The picture of a view: as many lines as there is room for, the important ones first."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator

from rich.console import Group
from rich.text import Text

from edge_daemon.events import Heard
from edge_daemon.monitor.bars import curve_line, level_line, score_cell
from edge_daemon.monitor.glyphs import Glyphs
from edge_daemon.monitor.view import View, said

KEYS = "m mute/unmute   q quit"
_CELL = 36
"""Least width of a word with its bar where they stand side by side."""
_LEAST_HEARD = 2
_MOST_LOST = 4
"""Lines that tell why there is no daemon."""
_LOW = 16
"""With fewer lines than this only what matters most is shown."""


class Screen:
    """Draws a view of what ``name`` tells.

    Parameters
    ----------
    name : str
    glyphs : Glyphs
    """

    def __init__(self, name: str, glyphs: Glyphs) -> None:
        self._name = name
        self._glyphs = glyphs

    def draw(self, view: View, width: int, height: int, now: float) -> Group:
        """Return lines that fit into so many columns and rows."""
        top, bottom = self._top(view, width, now), self._bottom(view, width)
        if height < _LOW:
            top, bottom = [top[0], top[2] if view.lost else top[-1]], bottom[-1:]
        free = max(0, height - len(top) - len(bottom))
        words = self._scores(view, width, free)
        heard = self._heard(view, width, free - len(words))
        lines = [*top, *words, *heard, *bottom][:height]
        for line in lines:
            line.no_wrap = True
            line.truncate(width, overflow="crop")
        return Group(*lines)

    def _top(self, view: View, width: int, now: float) -> list[Text]:
        state, glyphs = view.state, self._glyphs
        condition, style = condition_of(view, now)
        parts = ["edge-daemon", self._name, *([state.model] if state else [])]
        rest = glyphs.between.join(glyphs.safe(part) for part in parts)
        heading = Text.assemble((f" {glyphs.safe(condition)} ", style), " ", rest)
        source = state.source if state and state.source else "none is open"
        return [
            heading,
            Text(f"source  {glyphs.safe(source)}"),
            *self._health(view, width, now),
            level_line(view, width, glyphs),
        ]

    def _health(self, view: View, width: int, now: float) -> list[Text]:
        """Return the line of health, or a few where nothing else is to be shown."""
        text = self._glyphs.safe(health_of(view, now))
        if not view.lost:
            return [Text(f"health  {text}")]
        lines = textwrap.wrap(text, max(1, width - 8))[:_MOST_LOST] or [""]
        return [Text(f"{'' if i else 'health':<8}{line}") for i, line in enumerate(lines)]

    def _bottom(self, view: View, width: int) -> list[Text]:
        glyphs = self._glyphs
        no_power = "not measured: no power meter that this user may read"
        return [
            curve_line("latency", list(view.latencies_ms), "ms", "nothing yet", width, glyphs),
            curve_line("power", list(view.watts), "W", no_power, width, glyphs),
            Text(f"cost    {glyphs.between.join(_figures(view))}"),
            Text(KEYS, style="reverse"),
        ]

    def _scores(self, view: View, width: int, free: int) -> list[Text]:
        """Return the words with their bars, side by side where there are many, under a rule."""
        words = view.state.words if view.state else []
        if not words or free < 2:
            return []
        n_rows = max(1, free - 1 - (_LEAST_HEARD + 1 if free > 6 else 0))
        n_columns = min(max(1, width // _CELL), -(-len(words) // n_rows))
        n_rows = min(n_rows, -(-len(words) // n_columns))
        n_shown = n_rows * n_columns
        if len(words) > n_shown:
            words = sorted(words, key=view.score, reverse=True)
        title = "scores, and what each has to reach"
        if len(words) > n_shown:
            title += f"; the {n_shown} highest of {len(words)}"
        rows = self._rows(view, words[:n_shown], n_rows, width // n_columns)
        return [self._rule(title, width), *rows]

    def _rows(self, view: View, words: list[str], n_rows: int, width: int) -> list[Text]:
        """Return the words in columns, from top to bottom."""
        cells = [score_cell(view, word, width, self._glyphs) for word in words]
        return [Text().join(cells[row::n_rows]) for row in range(n_rows)]

    def _heard(self, view: View, width: int, free: int) -> list[Text]:
        """Return the newest words, the last one first, with empty lines for those to come."""
        if free < 2:
            return [Text("") for _ in range(free)]
        title = (
            f"heard {view.n_heard} since the monitor began" if view.n_heard else "heard nothing yet"
        )
        newest = list(view.words)[:-free:-1]
        lines = [Text(self._glyphs.safe(_word_line(word))) for word in newest]
        return [self._rule(title, width), *lines, *(Text("") for _ in range(free - 1 - len(lines)))]

    def _rule(self, title: str, width: int) -> Text:
        rule = self._glyphs.rule
        return Text(f"{rule * 2} {title} ".ljust(width, rule), style="dim")


def condition_of(view: View, now: float) -> tuple[str, str]:
    """Return how it is in a word or two, and the style to show it in."""
    if view.lost:
        return "NO DAEMON", "bold white on red"
    if view.ended:
        return "ENDED", "bold reverse"
    if silent_s := view.silent_s(now):
        return f"NO NEWS for {silent_s:.0f} s", "bold white on red"
    if view.state is None:
        return "LOOKING FOR THE DAEMON", "bold reverse"
    condition = view.state.condition.upper()
    left_s = view.muted_left_s(now)
    if view.state.condition == "muted":
        return condition if left_s is None else f"{condition} {left_s:.0f} s", "black on yellow"
    return condition, "black on green" if condition == "LISTENING" else "bold white on red"


def health_of(view: View, now: float) -> str:
    """Return what is to be known, in a line."""
    if view.lost:
        return f"{view.lost.why}; looking for it again. Without a daemon: --source mic"
    if view.ended:
        return str(view.ended.error or "the audio has ended")
    return view.note(now) or (view.state.text if view.state else "")


def _word_line(heard: Heard) -> str:
    at = time.strftime("%H:%M:%S", time.localtime(heard.at))
    latency = "" if heard.latency_ms is None else f"{heard.latency_ms:8.1f} ms"
    how = " triggered" if heard.triggered else ""
    return f"{at}  {said(heard):<28} {heard.score:4.2f} {latency}{how}"


def _figures(view: View) -> Iterator[str]:
    """Yield what the newest summary says, briefly."""
    figures = view.figures
    if figures is None:
        yield "told with the next summary, every telemetry.interval_s"
        return
    process = figures["process"]
    yield f"{100 * process['cpu_share_interval']:.2f} % of a core"
    if process["rss_bytes"] is not None:
        yield f"{process['rss_bytes'] / 2**20:.0f} MiB"
    yield f"dropped {figures['dropped_samples'] - figures['cut_samples']}"
    yield f"actions failed {figures['actions']['failed']}"
    yield f"errors {figures['errors']}"
