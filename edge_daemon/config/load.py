"""YAML to `Config`, with every mistake reported at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from edge_daemon.config.convert import Converter
from edge_daemon.config.masking import shown
from edge_daemon.config.paths import with_absolute_paths
from edge_daemon.config.schema import ANY_WORD, Config
from edge_daemon.config.yaml_text import parse_yaml
from edge_daemon.errors import ConfigError
from edge_daemon.reading import read_whole

COMMAND_LINE = "command line"
"""Where a mistake is that `with_audio` finds."""
MAX_CONFIG_BYTES = 1 << 18
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
    checked = parse_config({"audio": audio}, where=COMMAND_LINE)
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
        raise ConfigError([f"the top level is {shown(raw)}; sections were expected"], where)
    converter = Converter()
    config = converter.section(Config, {k: v for k, v in raw.items() if v is not None}, "")
    problems = converter.problems if config is None else config.contradictions()
    if config is None or problems:
        raise ConfigError(problems, where)
    return with_absolute_paths(config, folder)


def _read_yaml(path: Path) -> object:
    try:
        data = read_whole(path, MAX_CONFIG_BYTES)
    except OSError as error:
        raise ConfigError([f"cannot be read: {error.strerror}"], str(path)) from None
    return parse_yaml(data, str(path))
