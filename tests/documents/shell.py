"""The commands of a shell script, one by one, without running it."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator

from tests.documents.blocks import Block

Words = list[str]

_BEFORE_A_COMMAND = frozenset(("sudo", "env", "time", "exec", "then", "do", "else", "if", "while", "!", "{"))  # fmt: skip
_OWN_ARGUMENTS = {"timeout": 1, "nohup": 0, "nice": 0}
"""Programs that run another one, and how many arguments of their own come first."""
_HEREDOC = re.compile(r"(<<-?\s*(['\"]?)(\w+)\2[^\n]*\n).*?^\s*\3$", re.M | re.S)
_SEPARATOR = re.compile(r"[;&|()]+")


def typed(block: Block) -> list[str]:
    """Return what somebody types in a console: the lines after ``$``, each with what continues it."""
    return re.findall(r"^\$ ((?:.*\\\n)*.*)", block.text, re.M)


def script_of(block: Block) -> str:
    """Return the commands of a block, whether it shows them or a console."""
    return "\n".join(typed(block)) if block.language == "console" else block.text


def simple_commands(script: str) -> Iterator[Words]:
    """Yield every command of a script as its words, without what redirects or runs it."""
    script = _HEREDOC.sub(r"\1", script).replace("\\\n", " ")
    for line in script.splitlines():
        command: Words = []
        for word in [*_split(line), ";"]:
            if not _SEPARATOR.fullmatch(word):
                command.append(word)
                continue
            if bare := _bare(command):
                yield bare
            command = []


def _split(line: str) -> Words:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
    lexer.whitespace_split = True
    with contextlib.suppress(ValueError):  # a quote that goes on: bash -n has judged it
        return list(lexer)
    return []


def _bare(words: Words) -> Words:
    """Return the command without redirections, settings of variables, and what it is run by."""
    kept = _without_redirections(words)
    while kept and (kept[0] in _BEFORE_A_COMMAND or re.match(r"\w+=|-E$", kept[0])):
        del kept[0]
    if kept and kept[0] in _OWN_ARGUMENTS:
        del kept[: 1 + _OWN_ARGUMENTS[kept[0]]]
    return kept


def _without_redirections(words: Words) -> Words:
    kept: Words = []
    rest = iter(words)
    for word in rest:
        if not re.match("[<>]", word):
            kept.append(word)
            continue
        if kept and kept[-1].isdigit():
            kept.pop()
        next(rest, None)
    return kept
