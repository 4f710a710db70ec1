"""The default configuration as commented YAML, made from the schema."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import yaml
from pydantic import BaseModel

from edge_daemon.config.schema import Config

_WIDTH = 96
_HEAD = """\
# The complete configuration with its defaults; every line may be left out.
# Made by `edge-daemon config --defaults`; check yours with `edge-daemon check --config FILE`.
"""
_WORDS_EXAMPLE = """\
# words:
#   stop: {threshold: 0.9}
#   left: {after: go}             # fires only after "go"
"""
_ACTIONS_EXAMPLE = """\
# - say: "on"
#   command: ["/usr/bin/logger", "lamp on"]        # a list of arguments, never a shell
# - say: stop
#   webhook: {url: "http://127.0.0.1:8123/api/webhook/stop", retries: 3}
# - after: go                                      # "go … left" within decision.within_ms
#   say: left
#   log: {path: /var/lib/edge-daemon/left.jsonl}
"""


def defaults_as_yaml() -> str:
    """Return every key with its default, each under a comment that says what it is."""
    return _HEAD + "".join(_section(name, value) for name, value in Config())


def config_as_yaml(config: Config) -> str:
    """Return a configuration as YAML, complete, without comments."""
    return yaml.safe_dump(config.model_dump(exclude_none=True), sort_keys=False)


def schema_as_json() -> str:
    """Return the JSON Schema of the configuration, for editors."""
    return json.dumps(Config.model_json_schema(), indent=2)


def _section(name: str, value: Any) -> str:
    field = Config.model_fields[name]
    if not isinstance(value, BaseModel):
        comment = _comment(field.description or "", "")
        return f"\n{comment}{name}: []\n{_ACTIONS_EXAMPLE}"
    title = (type(value).__doc__ or "").strip()
    lines = [f"\n# {title}\n{name}:\n"]
    for key, default in value:
        description = type(value).model_fields[key].description or ""
        lines.append(_comment(description, "  "))
        lines.append(f"  {key}: {_scalar(default)}\n")
        if key == "words":
            lines.append(textwrap.indent(_WORDS_EXAMPLE, "  "))
    return "".join(lines)


def _comment(text: str, indent: str) -> str:
    start = f"{indent}# "
    return textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=start) + "\n"


def _scalar(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
