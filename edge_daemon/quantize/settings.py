"""What a quantization can be told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    from edge_daemon.types import FrontendSpec

T = TypeVar("T")
MethodName: TypeAlias = Literal["auto", "dynamic", "static", "fp16", "mixed"]
Target: TypeAlias = Literal["cpu", "arm64", "cuda", "tensorrt"]
Watch: TypeAlias = Callable[[Iterable[Any], int, str], Iterator[Any]]
"""Yields the items that it is given (an iterable, how many, what is being done) as they come."""


def unwatched(items: Iterable[T], _n_items: int, _doing: str) -> Iterator[T]:
    """Yield the items and show nothing."""
    yield from items


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to quantize; what to reach is in the `Gate`."""

    method: MethodName = "auto"
    target: Target = "cpu"
    n_trials: int = 12
    """Methods to measure at most, in each of the two searches: without and with float layers."""
    storage: str | None = None
    """URL of an Optuna storage; several machines that are given the same one share the search."""
    cache: Path | None = None
    """Folder in which results are kept; None for none."""
    custom_objects: tuple[str, ...] = ()
    """``module:Name`` of what a Keras model needs to be loaded."""
    state_dict: Path | None = None
    """Weights of a PyTorch model that is given as ``module:factory``."""
    input_shape: tuple[int, ...] | None = None
    """Of one input, where the model does not say it."""
    labels: tuple[str, ...] = ()
    """What the scores mean, in order; instead of the model's metadata."""
    frontend: FrontendSpec | None = None
    """What makes inputs of clips; instead of the model's metadata."""
    seed: int = 1
    limit: int | None = None
    """Inputs to take of the data at most."""
    watch: Watch = field(default=unwatched, compare=False)
    """Shows how far it is."""
