"""What bars and curves are drawn with: block elements, or what every terminal has."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A set of characters."""

    parts: str
    """Of a bar's last cell, from nearly empty to full."""
    mark: str
    """A threshold in a bar."""
    empty: str
    rule: str
    steps: str
    """Heights of a curve, from the lowest."""
    between: str
    is_ascii: bool = False

    def safe(self, text: str) -> str:
        """Return a text of elsewhere without what could move the cursor, or is not there."""
        shown = "".join(c if c.isprintable() else "?" for c in text)
        return shown.encode("ascii", "replace").decode() if self.is_ascii else shown

    def bar(self, share: float, width: int) -> str:
        """Return a bar that fills this share of its width."""
        n = len(self.parts)
        filled = round(min(1.0, max(0.0, share)) * width * n)
        whole, rest = divmod(filled, n)
        part = self.parts[rest - 1] if rest else ""
        return (self.parts[-1] * whole + part).ljust(width, self.empty)

    def curve(self, values: Iterable[float], width: int) -> str:
        """Return the newest values, a character each, from 0 to their highest."""
        newest = list(values)[-width:] if width > 0 else []
        highest = max(newest, default=0.0)
        return "".join(self._step(value / highest if highest > 0 else 0.0) for value in newest)

    def _step(self, share: float) -> str:
        n = len(self.steps)
        return self.steps[min(n - 1, math.ceil(share * n) - 1 if share > 0 else 0)]


BLOCKS = Glyphs("▏▎▍▌▋▊▉█", "│", " ", "─", "▁▂▃▄▅▆▇█", " · ")
ASCII = Glyphs("#", "|", ".", "-", "_.-=+*%#", " - ", is_ascii=True)


def glyphs_for(encoding: str, term: str) -> Glyphs:
    """Return what this encoding and terminal can show; a bare console's font has few blocks."""
    return BLOCKS if encoding.lower().startswith("utf") and term != "linux" else ASCII
