"""The default configuration as commented YAML, made from the schema."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import yaml
from msgspec.json import schema as json_schema
from msgspec.structs import fields

from edge_daemon.config.convert import described
from edge_daemon.config.schema import Config, Section

_WIDTH = 96
_HEAD = """\
# The complete configuration with its defaults; every line may be left out.
# Made by `edge-daemon config --defaults`; check yours with `edge-daemon check --config FILE`.
"""
_WORDS_EXAMPLE = """\
# words:
#   stop: {after: [], isolate_ms: 300}     # alone too, with a pause around it
#   left: {after: go}                      # only after "go", which so becomes a wake word
"""
_ACTIONS_EXAMPLE = """\
# - say: "on"
#   command: ["/usr/bin/logger", "lamp on"]        # a list of arguments, never a shell
# - say: stop
#   webhook: {url: "http://127.0.0.1:8123/api/webhook/stop", retries: 3}
# - say: dog
#   webhook: {url: "https://example.org/hook", headers_from: {Authorization: /etc/edge-daemon/token}}
# - after: go                                      # "go … left" within decision.within_ms
#   say: left
#   log: {path: /var/lib/edge-daemon/left.jsonl}
"""


def defaults_as_yaml() -> str:
    """Return every key with its default, each under a comment that says what it is."""
    config = Config()
    return _HEAD + "".join(
        _section(f.name, getattr(config, f.name), described(f.type)[1]) for f in fields(Config)
    )


def config_as_yaml(config: Config) -> str:
    """Return a configuration as YAML, complete but for secrets, without comments."""
    return yaml.safe_dump(_as_shown(config), sort_keys=False)


def schema_as_json() -> str:
    """Return the JSON Schema of the configuration, for editors."""
    return json.dumps(json_schema(Config), indent=2)


def _as_shown(value: Any) -> Any:
    if isinstance(value, Section):
        value = value.as_shown()
    if isinstance(value, dict):
        return {k: _as_shown(v) for k, v in value.items() if v is not None}
    return [_as_shown(v) for v in value] if isinstance(value, list) else value


def _section(name: str, value: Any, description: str) -> str:
    if not isinstance(value, Section):
        return f"\n{_comment(description, '')}{name}: []\n{_ACTIONS_EXAMPLE}"
    title = (type(value).__doc__ or "").strip()
    return f"\n# {title}\n{name}:\n{_keys(value, '  ')}"


def _keys(section: Section, indent: str) -> str:
    lines = []
    for field in fields(section):
        value = getattr(section, field.name)
        lines.append(_comment(described(field.type)[1], indent))
        if isinstance(value, Section):
            lines.append(f"{indent}{field.name}:\n{_keys(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{field.name}: {_scalar(value)}\n")
        if field.name == "words":
            lines.append(textwrap.indent(_WORDS_EXAMPLE, indent))
    return "".join(lines)


def _comment(text: str, indent: str) -> str:
    start = f"{indent}# "
    return textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=start) + "\n"


def _scalar(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
