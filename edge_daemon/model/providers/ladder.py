"""Down the ladder of providers and files, until one is proven to serve the model."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_daemon.config import RuntimeConfig
from edge_daemon.errors import ModelError
from edge_daemon.model import self_test
from edge_daemon.model.fit import check_session
from edge_daemon.model.keyword import differences
from edge_daemon.model.library import onnxruntime
from edge_daemon.model.providers.assignment import library_problem, nodes_elsewhere
from edge_daemon.model.providers.names import ORT_NAMES, install_line, short_name
from edge_daemon.model.providers.obtained import Obtained
from edge_daemon.model.providers.settings import Settings, settings_for
from edge_daemon.model.session import open_session, session_of, spec_of
from edge_daemon.model.variants import files_for, is_symmetric
from edge_daemon.types import ModelSpec

_LOG = logging.getLogger(__name__)

_AUTO = ("cpu", "xnnpack", "cuda")
"""The CPU first; the others step in, where they are there, when its scores are wrong. TensorRT is
left out: it builds engines for minutes."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A provider with a file of the model."""

    provider: str
    path: Path

    def __str__(self) -> str:
        return f"{self.provider}, {self.path.name}"


@dataclass(frozen=True, slots=True)
class Serving:
    """A model that is open and proven."""

    session: Any
    spec: ModelSpec
    obtained: Obtained


def serve(model: Path, variant: str, runtime: RuntimeConfig) -> Serving:
    """Open a model with the first provider and file that are proven to serve it.

    Raises
    ------
    ModelError
        When none does, with the reason of each.
    """
    refused: list[str] = []
    for rung in _rungs(model, variant, runtime):
        try:
            serving = _tried(rung, model, runtime)
        except ModelError as error:
            refused.append(f"{rung}: {error}")
            last = error
        else:
            return replace(serving, obtained=replace(serving.obtained, refused=tuple(refused)))
    if len(refused) == 1 and runtime.provider in ("auto", "cpu"):
        raise last
    raise ModelError(
        "\n  ".join([f"runtime.provider: {runtime.provider}: {_none(model)}", *refused])
    )


def _none(model: Path) -> str:
    return f"nothing that was tried serves {model}:"


def _rungs(model: Path, variant: str, runtime: RuntimeConfig) -> Iterator[Rung]:
    for provider in _providers(runtime):
        files = files_for(provider, model, variant)
        only_one = runtime.strict or not _is_available(provider)
        yield from (Rung(provider, path) for path in (files[:1] if only_one else files))


def _providers(runtime: RuntimeConfig) -> list[str]:
    """Return those to be tried, in order; the lacking ones first, so that each of them is told."""
    if runtime.provider == "auto":
        names = [name for name in _AUTO if name == "cpu" or _is_available(name)]
    else:
        fallback = ["cpu"] if runtime.fallback is None else runtime.fallback
        names = list(dict.fromkeys([runtime.provider, *fallback]))
    return names[:1] if runtime.strict else sorted(names, key=_is_available)


def _is_available(provider: str) -> bool:
    return ORT_NAMES[provider] in onnxruntime.get_available_providers()


def _tried(rung: Rung, model: Path, runtime: RuntimeConfig) -> Serving:
    """Open a rung and prove it."""
    if not _is_available(rung.provider):
        from edge_daemon.board import read_board

        has = ", ".join(map(short_name, onnxruntime.get_available_providers()))
        raise ModelError(
            f"onnxruntime {onnxruntime.__version__} is built without {rung.provider}, it has {has}; "
            f"{install_line(rung.provider, read_board())}"
        )
    if rung.provider != "tensorrt":
        return _proven(rung, model, runtime, settings_for(rung.provider, runtime))
    from edge_daemon.model.providers.engines import announced, engine_folder

    folder = engine_folder(runtime.tensorrt, rung.path)
    settings = settings_for(rung.provider, runtime, folder, is_symmetric(rung.path))
    with announced(folder, rung.path):
        return _proven(rung, model, runtime, settings)


def _proven(rung: Rung, model: Path, runtime: RuntimeConfig, settings: Settings) -> Serving:
    session = _session(rung, settings)
    elsewhere = nodes_elsewhere(session, rung.provider, rung.path)
    if runtime.strict and elsewhere:
        raise ModelError(f"strict: {len(elsewhere)} nodes do not run on it, such as {elsewhere[0]}")
    spec = spec_of(session, rung.path)
    check_session(session, spec, rung.path)
    _check_variant(spec, rung.path, model)
    _test(session, spec, rung.path)
    obtained = Obtained(
        runtime.provider, rung.provider, rung.path, elsewhere or (), elsewhere is not None,
        passed_over=_passed_over(rung, runtime),
    )  # fmt: skip
    return Serving(session, spec, obtained)


def _passed_over(rung: Rung, runtime: RuntimeConfig) -> tuple[str, ...]:
    if runtime.provider != "auto":
        return ()
    return tuple(name for name in ORT_NAMES if name != rung.provider and _is_available(name))


def _session(rung: Rung, settings: Settings) -> Any:
    try:
        return open_session(rung.path, settings)
    except ModelError as error:
        why = None if rung.provider == "cpu" else library_problem(rung.provider)
        if why is None:
            raise
        raise ModelError(f"onnxruntime could not load {rung.provider}: {why}") from error


def _check_variant(spec: ModelSpec, path: Path, model: Path) -> None:
    """Refuse a file that is another model than the one it stands for."""
    if path == model:
        return
    differs = differences(spec_of(session_of(model, threads=1), model), spec)
    if differs:
        raise ModelError(f"{path}: differs from {model.name} in {', '.join(differs)}")


def _test(session: Any, spec: ModelSpec, path: Path) -> None:
    test = self_test.read(session, spec, path)
    if test is None:
        _LOG.debug("%s: carries no self-test; its scores are taken as they are", path)
    else:
        self_test.check(test, session, spec, path)
