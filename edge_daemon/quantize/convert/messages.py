"""What goes to the process that converts, and what comes back."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct


class Request(Struct, frozen=True, kw_only=True):
    """A model, and where it shall be written to."""

    model: str
    """A path, or ``module:factory``."""
    out: str
    custom_objects: tuple[str, ...] = ()
    input_shape: tuple[int, ...] | None = None
    state_dict: str | None = None


class Conversion(Struct, frozen=True, kw_only=True, tag=True):
    """A model was written, and answers as the original does."""

    converter: str
    """What has written it, with its version."""
    largest_difference: float
    """Between two outputs on random inputs, relative to the largest of them."""


class Failure(Struct, frozen=True, kw_only=True, tag=True):
    """It could not be converted."""

    kind: Literal["model", "missing", "other"]
    message: str


Reply: TypeAlias = Conversion | Failure
