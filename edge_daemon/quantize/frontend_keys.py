"""A front end out of ``key=value``, for models that carry no metadata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import msgspec

from edge_daemon.config.guess import did_you_mean
from edge_daemon.errors import ModelError
from edge_daemon.model.file import spec_from_json, spec_to_json
from edge_daemon.types import FrontendSpec, ModelSpec

_LISTS = ("mean", "std")


def frontend_of(pairs: Iterable[str]) -> FrontendSpec:
    """Return the front end with these keys, and the defaults for the others.

    Raises
    ------
    ModelError
        When a key is unknown, a value is none for it, or they cannot be together.
    """
    found = dict(map(_pair, pairs))
    try:
        frontend = msgspec.convert(found, FrontendSpec, strict=False)
    except msgspec.ValidationError as error:
        raise ModelError(str(error).replace("$.", "")) from None
    _check(frontend)
    return frontend


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    known = [f.name for f in fields(FrontendSpec)]
    if not equals:
        raise ModelError(f"{text!r} is no KEY=VALUE")
    if key not in known:
        raise ModelError(f"no key {key!r}{did_you_mean(key, known) or ': ' + ', '.join(known)}")
    return key, [x for x in value.split(",") if x] if key in _LISTS else value


def _check(frontend: FrontendSpec) -> None:
    """Hold it to the rules for metadata, in which it is usually found."""
    spec = ModelSpec(
        name="-", kind="window", labels=("a", "b"), frontend=frontend, n_frames=1, hop_ms=10,
        thresholds={}, smooth_ms=0, training_data="-", licence="-",
    )  # fmt: skip
    try:
        spec_from_json(spec_to_json(spec), "")
    except ModelError as error:
        raise ModelError(str(error).removeprefix(": bad metadata: ")) from None
