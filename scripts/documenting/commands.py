"""The reference of the commands, made from their help."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from edge_daemon.cli import _parser as parser_of_commands

_WIDTH = 84
_HEAD = """\
# Commands

What `edge-daemon COMMAND --help` says, of every command of this version.
"""


def commands_page() -> str:
    """Return the page: the help of the program, then that of each command."""
    os.environ["COLUMNS"] = str(_WIDTH)  # where argparse looks for the width
    parser = parser_of_commands()
    parts = [_HEAD, _fenced(parser.format_help())]
    parts += [f"\n## {name}\n{_fenced(_help(command))}" for name, command in _commands(parser)]
    return "".join(parts)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _help(parser: argparse.ArgumentParser) -> str:
    """Return the help of a command, whose options are added only when it is parsed."""
    fill = getattr(parser, "fill", None)
    if fill is not None:
        parser.fill = None  # type: ignore[attr-defined]
        fill(parser)
    return parser.format_help()


def _fenced(text: str) -> str:
    return f"\n```text\n{text}```\n"
