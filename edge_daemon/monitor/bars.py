"""Lines of the screen that are mostly a bar or a curve."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import set_cell_size
from rich.text import Text

from edge_daemon.monitor.glyphs import Glyphs
from edge_daemon.monitor.view import View

_QUIETEST_DBFS = -80.0
_NAME = 12
LOUD_DBFS = -6.0
"""Above it the microphone is soon overdriven."""


def level_line(view: View, width: int, glyphs: Glyphs) -> Text:
    """Return the level meter, with the noise floor as its mark."""
    live = view.live
    if live is None:
        return Text(f"level   {'-':>6} dBFS", style="dim")
    before = f"level   {live.level_dbfs:6.1f} dBFS "
    gate = "open" if live.is_open else "shut"
    after = f" floor {live.floor_dbfs:6.1f}  gate {gate}"
    n = max(4, width - len(before) - len(after))
    style = "bold red" if live.level_dbfs > LOUD_DBFS else "green"
    bar = _marked(_share(live.level_dbfs), _share(live.floor_dbfs), n, glyphs, style)
    return Text.assemble(before, bar, after)


def score_cell(view: View, word: str, width: int, glyphs: Glyphs) -> Text:
    """Return a word with its score of the last second, beside its threshold."""
    score = view.score(word)
    threshold = view.state.thresholds.get(word) if view.state else None
    has_crossed = threshold is not None and score >= threshold
    star = "*" if has_crossed else " "  # where there are no colours
    name = set_cell_size(glyphs.safe(word), _NAME)
    text = Text(f"{name}{star}", style="bold green" if has_crossed else "")
    text.append(f"{score:4.2f} ")
    n = max(3, width - text.cell_len - 2)
    style = "bold green" if has_crossed else "cyan"
    return text + _marked(score, threshold, n, glyphs, style) + "  "


def curve_line(  # noqa: PLR0913
    name: str, values: Sequence[float], unit: str, missing: str, width: int, glyphs: Glyphs
) -> Text:
    """Return a curve of the newest seconds, with its newest value and its highest."""
    before = f"{name:<8}"
    if not values:
        return Text(f"{before}{missing}", style="dim")
    after = f" {_figure(values[-1])} {unit}, at most {_figure(max(values))}"
    n = max(4, width - len(before) - len(after))
    drawn = glyphs.curve(values, n)
    return Text.assemble(before, (drawn, "cyan"), after)


def _share(level_dbfs: float) -> float:
    return 1.0 - level_dbfs / _QUIETEST_DBFS


def _marked(share: float, mark: float | None, width: int, glyphs: Glyphs, style: str) -> Text:
    """Return a bar, and on it a mark that can be seen without colours."""
    bar = Text(glyphs.bar(share, width), style=style)
    if mark is None:
        return bar
    at = min(width - 1, max(0, int(mark * width)))
    return bar[:at] + Text(glyphs.mark, style="yellow") + bar[at + 1 :]


def _figure(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
