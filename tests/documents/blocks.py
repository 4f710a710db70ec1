"""The code blocks of a document, each with the way in which it is run.

The way follows from the language (`kinds.USUAL`). A comment on the line above the fence names
another: ``<!-- run: KIND -->``. What a block needs first and no reader wants to see stands in a
comment of its own, as shell commands: ``<!-- before: COMMANDS -->``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.documents.kinds import USUAL

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n`]*\n(?P<text>.*?)^(?P=indent)```$", re.M | re.S
)
_COMMENT = re.compile(r"<!-- (run|before):\s*(.*?)\s*-->[ ]*\n?[ ]*\Z", re.S)
_NAMED = re.compile(r"# ([\w./-]+\.\w+)(:.*)?$", re.M)


@dataclass(frozen=True)
class Block:
    """A code block and what is to become of it."""

    document: str
    """Its path in the checkout."""
    line: int
    """Where its first line stands."""
    language: str
    kind: str
    """How it is run, one of `kinds.KINDS`; empty where nothing says so."""
    about: str
    """What else the comment says: the name of what it is like, the file that it is part of."""
    before: str
    """Shell commands that make what it needs."""
    text: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.document}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The file that its first line says it is, such as ``# config.yaml``."""
        named = _NAMED.match(self.text)
        return named[1] if named else None


def documents() -> list[str]:
    """Return every document whose code blocks are run."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
    return [str(path.relative_to(ROOT)) for path in (*top, *sorted((ROOT / "docs").rglob("*.md")))]


def blocks_of(document: str) -> list[Block]:
    """Return the code blocks of a document, from top to bottom."""
    text = (ROOT / document).read_text()
    return [_block(document, text, found) for found in _FENCE.finditer(text)]


def all_blocks(*kinds: str) -> list[Block]:
    """Return the blocks of all documents that are run in one of these ways."""
    return [b for document in documents() for b in blocks_of(document) if b.kind in kinds]


def without_blocks(document: str) -> str:
    """Return the prose of a document."""
    return _FENCE.sub("", (ROOT / document).read_text())


def _block(document: str, text: str, found: re.Match[str]) -> Block:
    said = dict(_comments_above(text[: found.start()]))
    kind, _, about = said.get("run", "").partition(" ")
    n_indent = len(found["indent"])
    return Block(
        document=document,
        line=text.count("\n", 0, found.start("text")) + 1,
        language=found["language"],
        kind=kind or USUAL.get(found["language"], ""),
        about=about,
        before=said.get("before", ""),
        text="".join(line[n_indent:] for line in found["text"].splitlines(keepends=True)),
    )


def _comments_above(text: str) -> Iterator[tuple[str, str]]:
    """Yield (name, what it says) of the comments that end right here, the nearest first."""
    while found := _COMMENT.search(text[text.rfind("<!--") :]) if "<!--" in text else None:
        yield found[1], found[2]
        text = text[: text.rfind("<!--")]
