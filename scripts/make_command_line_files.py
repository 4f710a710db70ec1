"""Makes what goes with the command line out of its help: shell completion and the man page.

    python scripts/make_command_line_files.py           writes them
    python scripts/make_command_line_files.py --check   tells which are out of date, and fails

They are kept in the repository, so that neither shtab nor argparse-manpage is needed to install or
to run the daemon. The man page is made with Python 3.11, as argparse words its help anew in each
version.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import shtab
from argparse_manpage.manpage import Manpage

from edge_daemon import __version__
from edge_daemon.cli import _parser as parser_of_commands
from edge_daemon.cli.arguments import EXIT_CODES

ROOT = Path(__file__).parents[1]
COMPLETIONS = ROOT / "edge_daemon" / "completions"
MAN_PAGE = ROOT / "deploy" / "man" / "edge-daemon.1"
SHELLS = ("bash", "zsh", "fish")
_DATE = "November 22, 2026"
"""Not the present day: the page would differ with each run."""
_DOT = re.compile(r"^\.(?!(?:TH|SH|SS|TP|RS|RE|B)\b)", re.MULTILINE)
"""Of a text, at the beginning of a line; argparse-manpage leaves it to be taken for a macro."""
_PREAMBLE = "# Made by scripts/make_command_line_files.py; printed by `edge-daemon completion`.\n"


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    made = dict(files())
    stale = [path for path, text in made.items() if not _holds(path, text)]
    for path in stale:
        print(f"out of date: {path.relative_to(ROOT)}" if arguments.check else path)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made[path])
    return 1 if stale and arguments.check else 0


def files() -> Iterator[tuple[Path, str]]:
    """Yield each file with what is to stand in it."""
    for shell in SHELLS:
        yield COMPLETIONS / f"edge-daemon.{shell}", completion(shell)
    if sys.version_info[:2] == (3, 11):
        yield MAN_PAGE, man_page()


def completion(shell: str) -> str:
    """Return the script that completes our commands in this shell."""
    text: str = shtab.complete(_filled_parser(), shell)
    first, newline, rest = text.partition("\n")
    is_zsh = first.startswith("#compdef")  # which has to be the first line
    lines = f"{first}{newline}{_PREAMBLE}{rest}" if is_zsh else _PREAMBLE + text
    return lines.rstrip("\n") + "\n"


def man_page() -> str:
    """Return the man page, with all commands."""
    os.environ["COLUMNS"] = "72"  # where argparse looks for the width
    parser = _filled_parser()
    for command in _commands(parser):
        examples = (command.epilog or "").removesuffix(EXIT_CODES).strip()
        command.description = f"{command.description}\n\n{examples}"
    page_of: Any = Manpage  # without types
    page = page_of(parser, format="single-commands-section")
    page.date, page.manual = _DATE, "edge-daemon manual"
    page.source = f"edge-daemon {__version__}"
    page.description = "listens for spoken commands, offline, and acts on them"
    text = str(page).replace(".SH COMMENTS", ".SH EXAMPLES")
    return _DOT.sub(r"\\&.", text)


def _filled_parser() -> argparse.ArgumentParser:
    """Return the parser with the options of all commands, some of which are added when needed."""
    parser = parser_of_commands()
    for command in _commands(parser):
        fill = getattr(command, "fill", None)
        if fill is not None:
            fill(command)
        for action in command._actions:
            if action.type is Path or action.metavar in ("FILE", "FILES"):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    return parser


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


if __name__ == "__main__":
    sys.exit(main())
