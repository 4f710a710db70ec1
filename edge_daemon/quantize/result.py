"""What a quantization came to."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from edge_daemon.quantize.gate import Gate, Stats
from edge_daemon.quantize.methods import Method
from edge_daemon.quantize.trial import Trial


class QuantizationResult(Struct, frozen=True, kw_only=True):
    """What was tried, what was chosen, and why."""

    original: Path
    """The model as it was given."""
    output: Path
    """Holds the quantized model, or the original where none passed the gate."""
    gate: Gate
    chosen: Method | None = None
    stats: Stats | None = None
    """Of the chosen one, measured once more after the search; else of the one that came nearest.
    None when nothing could be measured."""
    trials: tuple[Trial, ...] = ()
    reasons: tuple[str, ...] = ()
    """Why the original was kept, a line for each; none when it was not."""
    remarks: tuple[str, ...] = ()
    """What a reader of the figures should know."""

    @property
    def accepted(self) -> bool:
        """Whether a quantized model took the place of the original."""
        return self.chosen is not None
