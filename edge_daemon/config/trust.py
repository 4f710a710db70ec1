"""The files that decide what is run and sent: whether somebody else may change or read them."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from edge_daemon.config.schema import BUILTIN, Config
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
        argv = action.command.argv if action.command else action.play.player if action.play else []
        files = _programs(argv) if argv else []
        yield from ((f"actions[{i}].{action.kind}: ", file) for file in files)
        if action.play is not None:
            files = _programs(action.play.player)
            yield from ((f"actions[{i}].play.player: ", file) for file in files)
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
    for key, source in _sources(config):
        file = None if source is None else secret_file(source)
        if file is not None:
            yield f"{key}: ", file


def _sources(config: Config) -> Iterator[tuple[str, str | None]]:
    """Yield (key, file or credential) for all that is secret."""
    yield "mqtt.password_from", config.mqtt.password_from
    yield "mqtt.tls.key", config.mqtt.tls.key
    yield "web.token_from", config.web.token_from
    for i, action in enumerate(config.actions):
        if action.webhook is not None:
            where = f"actions[{i}].webhook"
            yield f"{where}.url_from", action.webhook.url_from
            for name, source in action.webhook.headers_from.items():
                yield f"{where}.headers_from.{name}", source
