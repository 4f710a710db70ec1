"""What was found, part by part."""

from __future__ import annotations

from msgspec import Struct

from edge_daemon.board import Board


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong or missing."""

    what: str
    fix: str
    is_in_the_way: bool = False
    """It keeps the daemon from running."""


class Part(Struct, frozen=True, kw_only=True):
    """One part of the machine."""

    name: str
    facts: list[str]
    problems: list[Problem] = []

    @property
    def is_in_the_way(self) -> bool:
        """Tell whether something in it keeps the daemon from running."""
        return any(problem.is_in_the_way for problem in self.problems)


class Diagnosis(Struct, frozen=True, kw_only=True):
    """The machine as it is."""

    board: Board
    parts: list[Part]

    @property
    def is_fit(self) -> bool:
        """Tell whether nothing keeps the daemon from running."""
        return not any(part.is_in_the_way for part in self.parts)
