"""The files that decide what is run and sent: whether somebody else may change or read them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_daemon.config.schema import BUILTIN, Config, WebhookConfig
from edge_daemon.config.secret import secret_file
from edge_daemon.errors import ConfigError
from edge_daemon.permissions import open_to_others, readable_by_all

_INTERPRETER = re.compile(r"(ba|da|z|k|fi)?sh|(python|perl|ruby|node|lua|php)[\d.]*|env")


def check_permissions(config: Config, path: Path | None, warn: Callable[[str], object]) -> None:
    """Warn of each file that is open to others, or refuse them all, as the configuration says.

    Parameters
    ----------
    config : Config
    path : Path, optional
        The file that it was read from.
    warn : callable
        Is given a line for each problem, unless ``security.strict_permissions`` is set.

    Raises
    ------
    ConfigError
        With every problem, where it is set.
    """
    problems = permission_problems(config, path)
    if problems and config.security.strict_permissions:
        raise ConfigError(problems, str(path or "configuration"))
    for problem in problems:
        warn(problem)


def permission_problems(config: Config, path: Path | None) -> list[str]:
    """Return a line for each file that is open to others, with the key that names it."""
    seen: set[str] = set()
    problems = []
    for key, file in _deciding(config, path):
        lines = [line for line in open_to_others([file]) if line not in seen]
        seen.update(lines)
        problems += [f"{key}{line}" for line in lines]
    for key, file in _secrets(config):
        line = readable_by_all(file)
        if line:
            problems.append(f"{key}{line}")
    return problems


def _deciding(config: Config, path: Path | None) -> Iterator[tuple[str, Path]]:
    """Yield (key, file) for all that decides what is heard, run and sent."""
    if path is not None:
        yield "", path
    yield from (("model.path: ", file) for file in _model_files(config.model.path))
    if config.decision.confirm.model is not None:
        files = _model_files(config.decision.confirm.model)
        yield from (("decision.confirm.model: ", file) for file in files)
    for i, action in enumerate(config.actions):
        if action.command is not None:
            files = _programs(action.command.argv)
            yield from ((f"actions[{i}].command: ", file) for file in files)
    yield from _secrets(config)


def _model_files(name: str) -> list[Path]:
    """Return a model with its variants beside it; those that ship are as good as the program."""
    if name.startswith(BUILTIN):
        return []
    path = Path(name)
    beside = glob.glob(f"{glob.escape(path.stem)}.*.onnx", root_dir=path.parent)
    return [path, *(path.parent / file for file in sorted(beside))]


def _programs(argv: list[str]) -> list[Path]:
    """Return the programs named with their whole path: the first word, and an interpreter's script."""
    named = [Path(argv[0])] if os.path.isabs(argv[0]) else []
    if _INTERPRETER.fullmatch(os.path.basename(argv[0])):
        named += [Path(x) for x in argv[1:] if os.path.isabs(x) and os.path.isfile(x)][:1]
    return named


def _secrets(config: Config) -> Iterator[tuple[str, Path]]:
    for i, action in enumerate(config.actions):
        if action.webhook is not None:
            for key, source in _sources(action.webhook):
                file = secret_file(source)
                if file is not None:
                    yield f"actions[{i}].webhook.{key}: ", file


def _sources(webhook: WebhookConfig) -> Iterator[tuple[str, str]]:
    if webhook.url_from is not None:
        yield "url_from", webhook.url_from
    yield from ((f"headers_from.{name}", x) for name, x in webhook.headers_from.items())
