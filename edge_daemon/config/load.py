"""YAML to `Config`, with every mistake reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import asdict, replace

from edge_daemon.config.convert import Converter
from edge_daemon.config.schema import ANY_WORD, BUILTIN, Config, LogConfig
from edge_daemon.errors import ConfigError

MAX_CONFIG_BYTES = 1 << 20
MAX_INT_LENGTH = 1000
_HARMLESS_ACTION = {"say": ANY_WORD, "log": {}}


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
    audio = {**asdict(config.audio), **given}
    checked = parse_config({"audio": audio}, where="command line")
    return replace(config, audio=checked.audio)


def load_sound_sections(path: Path | None) -> Config:
    """Read a YAML file, leaving out each key and each action that is wrong; never raises.

    For a check that goes on after the first mistake. An action keeps its number: a harmless one
    takes the place of a wrong one.
    """
    if path is None:
        return Config()
    try:
        raw = _read_yaml(path)
    except ConfigError:
        return Config()
    sections = raw if isinstance(raw, dict) else {}
    sound = {name: _sound_part(name, section) for name, section in sections.items()}
    sound = {name: section for name, section in sound.items() if _is_sound({name: section})}
    return parse_config(sound if _is_sound(sound) else {}, folder=path.parent)


def _sound_part(name: object, section: object) -> object:
    if isinstance(section, dict):
        return {k: v for k, v in section.items() if _is_sound({name: {k: v}})}
    if isinstance(section, list):
        return [x if _is_sound({name: [x]}) else _HARMLESS_ACTION for x in section]
    return section


def _is_sound(raw: dict[Any, Any]) -> bool:
    try:
        parse_config(raw)
    except ConfigError:
        return False
    return True


def parse_config(raw: object, where: str = "configuration", folder: Path = Path()) -> Config:
    """Validate what a YAML file held."""
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise ConfigError([f"the top level is {raw!r:.60}; sections were expected"], where)
    converter = Converter()
    config = converter.section(Config, {k: v for k, v in raw.items() if v is not None}, "")
    problems = converter.problems if config is None else config.contradictions()
    if config is None or problems:
        raise ConfigError(problems, where)
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
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
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


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_INT_LENGTH:
        raise yaml.constructor.ConstructorError(
            None, None, "a number that is too long", node.start_mark
        )
    return loader.construct_yaml_int(node)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_BOOL_TAG = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != _BOOL_TAG or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _with_absolute_paths(config: Config, folder: Path) -> Config:
    """Take relative files from the folder of the configuration."""

    def absolute(path: str) -> str:
        return path if path == "-" else str(folder / path)

    def model_path(name: str) -> str:
        return name if name.startswith(BUILTIN) else absolute(name)

    audio, decision, confirm = config.audio, config.decision, config.decision.confirm
    kind, _, name = audio.source.partition(":")
    if kind in ("wav", "pcm"):
        audio = replace(audio, source=f"{kind}:{absolute(name)}")
    if confirm.model is not None:
        decision = replace(decision, confirm=replace(confirm, model=model_path(confirm.model)))
    actions = [
        replace(a, log=LogConfig(path=absolute(a.log.path))) if a.log else a for a in config.actions
    ]
    runtime = config.runtime
    if runtime.tensorrt.cache is not None:
        tensorrt = replace(runtime.tensorrt, cache=absolute(runtime.tensorrt.cache))
        runtime = replace(runtime, tensorrt=tensorrt)
    model = replace(config.model, path=model_path(config.model.path))
    if model.quantize.data is not None:
        quantize = replace(model.quantize, data=absolute(model.quantize.data))
        model = replace(model, quantize=quantize)
    telemetry, log = config.telemetry, config.telemetry.log
    if log.path is not None:
        telemetry = replace(telemetry, log=replace(log, path=str(folder / log.path)))
    control = config.control
    if control.path is not None:
        control = replace(control, path=str(folder / control.path))
    return replace(
        config,
        audio=audio,
        model=model,
        runtime=runtime,
        decision=decision,
        actions=actions,
        telemetry=telemetry,
        control=control,
    )
