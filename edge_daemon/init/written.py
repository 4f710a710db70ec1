"""The configuration as a file that says what it is about."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import yaml

from edge_daemon.config import parse_yaml
from edge_daemon.init.answers import Answers

_HEAD = """\
# Written by `edge-daemon init`. What is not here has its default, and every setting is shown by:
#     edge-daemon config --defaults
# After a change: `edge-daemon check --config FILE`, then `edge-daemon reload`.
"""
_SAID = {
    "audio.source": "mic:NAME takes a microphone by a part of its name: edge-daemon devices",
    "model.path": "builtin:NAME, or an .onnx file",
    "decision.wake_words": "a word fires only after one of these; [] lets every word fire alone",
    "decision.isolate_ms": "pause before and after a word that is said alone, so that words in "
    "the middle of talk do nothing",
    "mqtt.host": "the broker; Home Assistant finds the device by itself. With a password: "
    "username, password_from",
}
_ACTIONS = """\
# What to do when a word is heard. `say: "*"` is every word, wake words too; `after: WORD` asks for
# this wake word; `mute_ms: 2000` hears nothing for 2 s afterwards.
"""


def as_yaml(answers: Answers) -> str:
    """Return the file."""
    sections = answers.sections()
    actions = sections.pop("actions")
    lines = [_HEAD]
    for name, keys in sections.items():
        lines.append(f"\n{name}:\n")
        lines += [f"  # {_SAID[f'{name}.{key}']}\n  {key}: {_flow(keys[key])}\n" for key in keys]
    lines += ["\n", _ACTIONS, "actions:\n" if actions else "actions: []\n"]
    return "".join([*lines, *_actions(actions)])


def _actions(actions: list[dict[str, Any]]) -> Iterator[str]:
    for action in actions:
        first, *others = (f"{key}: {_flow(value)}\n" for key, value in action.items())
        yield f"  - {first}" + "".join(f"    {line}" for line in others)


def _flow(value: Any) -> str:
    """Return a value on one line."""
    text = _dumped(value, allow_unicode=True)
    # PyYAML breaks a line at some characters that are none
    return text if parse_yaml(text) == value else _dumped(value, allow_unicode=False)


def _dumped(value: Any, *, allow_unicode: bool) -> str:
    text: str = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=allow_unicode, width=math.inf
    )
    return text.removesuffix("...\n").strip()
