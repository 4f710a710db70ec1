"""One method that was tried on a model."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from edge_daemon.quantize.gate import Gate, Stats, failures
from edge_daemon.quantize.methods import Method


class Trial(Struct, frozen=True, kw_only=True):
    """What came of it: figures, or the reason why there are none."""

    method: Method
    stats: Stats | None = None
    error: str | None = None
    failures: tuple[str, ...] = ()
    """A line for each rule of the gate that it does not keep."""

    @property
    def passed(self) -> bool:
        """Whether it could take the place of the original."""
        return self.stats is not None and not self.failures

    def judged(self, gate: Gate) -> Trial:
        """Return the same figures, held to a gate."""
        lines = () if self.stats is None else tuple(failures(self.stats, gate))
        return replace(self, failures=lines)
