"""``edge-daemon init``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_daemon.cli.arguments import EXIT_OK, add_command
from edge_daemon.errors import EdgeDaemonError

if TYPE_CHECKING:
    from edge_daemon.init import Questions

DEFAULT_OUTPUT = Path("edge-daemon.yaml")
_NEXT = """
Listen:      edge-daemon run --config {path}
Look on:     edge-daemon monitor --config {path}
Change it:   edit the file, then edge-daemon check --config {path}
As service:  sudo scripts/install in a checkout, or the Debian package; then
             sudo install -m 644 {path} /etc/edge-daemon/config.yaml
             sudo systemctl reload edge-daemon"""


def add_init(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser."""
    parser = add_command(
        commands, "init", _run, "ask a few questions and write a configuration",
        ("init", "init -o /etc/edge-daemon/config.yaml", "init --yes   # all defaults, nothing asked"),
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, default=DEFAULT_OUTPUT, metavar="FILE",
        help=f"where to write it (default: {DEFAULT_OUTPUT})",
    )  # fmt: skip
    parser.add_argument(
        "--model", default="builtin:commands", metavar="M",
        help="builtin:NAME or an .onnx file (default: builtin:commands)",
    )  # fmt: skip
    parser.add_argument("--yes", action="store_true", help="ask nothing: take every default")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from edge_daemon.init import Interview, Questions, as_yaml
    from edge_daemon.outputs import must_be_writable, write_whole

    path: Path = arguments.output
    must_be_writable(path)
    questions = Questions(arguments.yes)
    may_replace = _may_replace(path, questions)
    interview = Interview(questions, arguments.model)
    answers = interview.hold()
    answers.config()
    if path.exists() and not may_replace:
        raise EdgeDaemonError(f"{path}: was written meanwhile by somebody else; it stays as it is")
    write_whole(path, as_yaml(answers))
    questions.say(f"\n{path} is written.")
    _say_what_is_next(path, questions, interview.lacking)
    return EXIT_OK


def _may_replace(path: Path, questions: Questions) -> bool:
    """Ask whether a file that is there may be written over; never with ``--yes``."""
    if not path.exists():
        return False
    if questions.takes_defaults:
        raise EdgeDaemonError(f"{path}: is there already; name another file with -o, or remove it")
    if not questions.yes(f"{path} is there already. Write over it?", default=False):
        raise EdgeDaemonError(f"{path}: stays as it is; name another file with -o")
    return True


def _say_what_is_next(path: Path, questions: Questions, lacking: list[str]) -> None:
    from edge_daemon.check import check

    problems = check(path)
    for problem in problems:
        questions.say(f"To be mended: {problem.text}")
    for line in dict.fromkeys(lacking):
        questions.say(f"To be installed: {line}", may_break=False)
    questions.say(_NEXT.format(path=path), may_break=False)
