"""YAML to `Config`, with every mistake reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from edge_daemon.config.guess import did_you_mean
from edge_daemon.config.schema import BUILTIN, Config, LogConfig
from edge_daemon.errors import ConfigError

MAX_CONFIG_BYTES = 1 << 20


def load_config(path: Path | None) -> Config:
    """Read a YAML file; None gives the defaults.

    Relative paths of files in it are taken from its own folder.

    Raises
    ------
    ConfigError
        With every problem found.
    """
    if path is None:
        return Config()
    return parse_config(_read_yaml(path), where=str(path), folder=path.parent)


def with_audio(config: Config, **changes: str | None) -> Config:
    """Return the configuration with other audio settings, as given on a command line.

    Raises
    ------
    ConfigError
        When a value is not allowed.
    """
    given = {key: value for key, value in changes.items() if value is not None}
    audio = {**config.audio.model_dump(), **given}
    checked = parse_config({"audio": audio}, where="command line")
    return config.model_copy(update={"audio": checked.audio})


def load_sound_sections(path: Path | None) -> Config:
    """Read a YAML file, leaving out each section that is wrong; never raises.

    For a check that goes on after the first mistake.
    """
    if path is None:
        return Config()
    try:
        raw = _read_yaml(path)
    except ConfigError:
        return Config()
    sound = {}
    for name, section in raw.items() if isinstance(raw, dict) else ():
        try:
            parse_config({name: section}, folder=path.parent)
        except ConfigError:
            continue
        sound[name] = section
    return parse_config(sound, folder=path.parent)


def parse_config(raw: object, where: str = "configuration", folder: Path = Path()) -> Config:
    """Validate what a YAML file held."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise ConfigError([f"the top level is {_shown(raw)}; sections were expected"], where)
    try:
        config = Config.model_validate({k: v for k, v in raw.items() if v is not None})
    except ValidationError as error:
        raise ConfigError([_problem(dict(e)) for e in error.errors()], where) from None
    except RecursionError:
        raise ConfigError(["a section contains itself"], where) from None
    return _with_absolute_paths(config, folder)


def _read_yaml(path: Path) -> object:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError([f"cannot be read: {error.strerror}"], str(path)) from None
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError([f"{len(data)} bytes; at most {MAX_CONFIG_BYTES} are read"], str(path))
    return parse_yaml(data, str(path))


def parse_yaml(text: str | bytes, where: str = "configuration") -> object:
    """Parse YAML in which ``on``, ``off``, ``yes`` and ``no`` are words, as in YAML 1.2.

    Raises
    ------
    ConfigError
        For anything that is not YAML, and for a key that stands twice.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ConfigError([f"{place}{error.problem}"], where) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConfigError([f"not YAML: {reason}"], where) from None


class _Loader(yaml.SafeLoader):
    """Words such as ``on`` stay words, and no key stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} stands twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_BOOL_TAG = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != _BOOL_TAG or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _problem(error: dict[str, Any]) -> str:
    where = _location(error["loc"])
    value = error["input"]
    if error["type"] == "extra_forbidden":
        known = _keys_at(error["loc"][:-1])
        guess = did_you_mean(str(error["loc"][-1]), known)
        return f"{where}: unknown key{guess}; known here: {', '.join(known)}"
    if error["type"] == "missing":
        return f"{where}: missing"
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if error["type"] in ("model_type", "model_attributes_type"):
        message = "should be a section of `key: value` lines"
    return f"{where}: {message[0].lower()}{message[1:]}, found {_shown(value)}"


def _location(loc: tuple[str | int, ...]) -> str:
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in _UNION_MARKS and not part.startswith(("constrained-", "function-")):
            text += f".{part}" if text else part
    return text


_UNION_MARKS = {"literal['mean']", "int", "float", "str"}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _keys_at(loc: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the schema knows at a location."""
    model: type[BaseModel] = Config
    for part in loc:
        field = model.model_fields.get(str(part))
        found = _sections_in(field.annotation) if field is not None else []
        if found:
            model = found[0]
    return list(model.model_fields)


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [s for a in getattr(annotation, "__args__", ()) for s in _sections_in(a)]


def _with_absolute_paths(config: Config, folder: Path) -> Config:
    """Take relative files from the folder of the configuration."""

    def absolute(path: str) -> str:
        return path if path == "-" else str(folder / path)

    audio, model = config.audio, config.model
    kind, _, name = audio.source.partition(":")
    if kind in ("wav", "pcm"):
        audio = audio.model_copy(update={"source": f"{kind}:{absolute(name)}"})
    if not model.path.startswith(BUILTIN):
        model = model.model_copy(update={"path": absolute(model.path)})
    actions = [
        a.model_copy(update={"log": LogConfig(path=absolute(a.log.path))}) if a.log else a
        for a in config.actions
    ]
    return config.model_copy(update={"audio": audio, "model": model, "actions": actions})
