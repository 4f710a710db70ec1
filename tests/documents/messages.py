"""The messages that docs/troubleshooting.md explains, and those of the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from tests.documents.blocks import ROOT

PAGE = ROOT / "docs" / "troubleshooting.md"
_LEAST_LENGTH = 6
"""A shorter piece between two ``…`` would be found by accident."""


def messages_shown() -> list[str]:
    """Return the messages that are explained: the first cell of each row, in backticks."""
    return re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(), re.M)


def said_in_sources(message: str) -> bool:
    """Tell whether one text of the sources has the message; ``…`` stands for what it fills in."""
    pieces = [piece.strip() for piece in message.split("…")]
    assert any(len(piece) >= _LEAST_LENGTH for piece in pieces), f"{message!r} fits anything"
    pattern = re.compile(".*".join(map(re.escape, pieces)), re.S)
    return any(pattern.search(text) for text in _texts())


@cache
def _texts() -> list[str]:
    scripts = [*(ROOT / "deploy").glob("*.sh"), *(ROOT / "deploy" / "install").rglob("*.sh")]
    return [*_of_python(), *(line for path in scripts for line in path.read_text().splitlines())]


def _of_python() -> Iterator[str]:
    """Yield every text of the package, as one also where it is written in several pieces."""
    for path in sorted((ROOT / "edge_daemon").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(_piece(part) for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _piece(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "\0"
