"""``edge-daemon doctor``."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_FAILURE, EXIT_OK, Parser, add_command

if TYPE_CHECKING:
    from edge_daemon.doctor import Diagnosis
    from edge_daemon.doctor.diagnosis import Problem

_WIDTH = 80
_NAME_WIDTH = 13


def add_doctor(commands: Any, system_config: Callable[[], Path | None]) -> list[Parser]:
    """Add the command to the parser, and return it."""

    def run(arguments: argparse.Namespace) -> int:
        from edge_daemon.doctor import examine

        diagnosis = examine(arguments.config or system_config())
        print(_as_json(diagnosis) if arguments.json else "\n".join(_lines(diagnosis)))
        return EXIT_OK if diagnosis.is_fit else EXIT_FAILURE

    parser = add_command(
        commands, "doctor", run, "look at the board, what is missing on it, and how that is had",
        ("doctor", "doctor --json"),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return [parser]


def _as_json(diagnosis: Diagnosis) -> str:
    import msgspec

    document = {"is_fit": diagnosis.is_fit, **msgspec.to_builtins(diagnosis)}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    for part in diagnosis.parts:
        for i, fact in enumerate(part.facts):
            yield _wrapped(fact, part.name if i == 0 else "")
    problems = [(part.name, problem) for part in diagnosis.parts for problem in part.problems]
    yield ""
    yield _verdict(diagnosis, len(problems))
    for name, problem in problems:
        yield from _problem_lines(name, problem)


def _verdict(diagnosis: Diagnosis, n_problems: int) -> str:
    count = {0: "no problem found", 1: "1 problem"}.get(n_problems, f"{n_problems} problems")
    if diagnosis.is_fit:
        return f"{count}; nothing keeps the daemon from running" if n_problems else count
    return f"{count}; the daemon cannot run before those marked ! are mended"


def _problem_lines(name: str, problem: Problem) -> Iterator[str]:
    mark = "!" if problem.is_in_the_way else "-"
    yield textwrap.fill(
        f"{name}: {problem.what}", _WIDTH, initial_indent=f"{mark} ", subsequent_indent="  ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    yield textwrap.fill(
        problem.fix, _WIDTH, initial_indent="  -> ", subsequent_indent="     ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _wrapped(fact: str, name: str) -> str:
    return textwrap.fill(
        fact, _WIDTH, initial_indent=f"{name:<{_NAME_WIDTH}}",
        subsequent_indent=" " * (_NAME_WIDTH + 2), break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
