"""What a document shows of an output, held to what was printed."""

from __future__ import annotations

import re

from tests.documents.blocks import Block


def assert_shown(block: Block, shown: str, said: str) -> None:
    """Hold what was printed to what is shown: ``…`` and figures stand for any others."""
    pattern = "".join(map(_line_pattern, shown.rstrip("\n").splitlines()))
    is_so = re.fullmatch(pattern, "".join(f"{_even(x)}\n" for x in said.rstrip().splitlines()))
    assert is_so, f"{block.where}: shows\n{shown}\nbut this was printed:\n{said}"


def _line_pattern(line: str) -> str:
    """Return what a line matches; one that is nothing but ``…`` is any number of lines."""
    if line.strip() == "…":
        return r"(?:.*\n)*"
    pattern = re.escape(_even(line)).replace("…", ".*")
    return re.sub(r"\d+(?:\\\.\d+)?", r"\\d+(?:\\.\\d+)?", pattern) + r"\n"


def _even(line: str) -> str:
    """Return a line with one space where there are several, as in columns."""
    return re.sub(r" +", " ", line.strip())
