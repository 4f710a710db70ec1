"""What was asked for, and what serves the model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Obtained:
    """The provider and the file that a model is served with."""

    requested: str
    """``runtime.provider``, ``auto`` among them."""
    provider: str
    path: Path
    """The file, which is a variant where that suits the provider better."""
    elsewhere: tuple[str, ...] = ()
    """Nodes of the graph that another provider runs, such as ``Softmax on cpu``."""
    is_elsewhere_known: bool = True
    """Whether this onnxruntime tells, as it does from 1.24."""
    refused: tuple[str, ...] = ()
    """A line for each provider and file that was tried in vain, or is lacking, and why."""
    passed_over: tuple[str, ...] = ()
    """Providers that are there as well, where ``auto`` chose."""

    def __str__(self) -> str:
        return (
            f"provider: requested {self.requested}, obtained {self.provider}; "
            f"model file {self.path}{self._elsewhere()}{self._passed_over()}"
        )

    def _passed_over(self) -> str:
        if not self.passed_over:
            return ""
        there = ", ".join(self.passed_over)
        return f"; there as well, for a larger model perhaps: {there} (runtime.provider)"

    def _elsewhere(self) -> str:
        if not self.is_elsewhere_known:
            return "; which nodes run elsewhere, this onnxruntime does not tell"
        if not self.elsewhere:
            return ""
        shown = ", ".join(self.elsewhere[:_SHOWN])
        more = ", …" if len(self.elsewhere) > _SHOWN else ""
        return f"; {len(self.elsewhere)} nodes run elsewhere: {shown}{more}"
