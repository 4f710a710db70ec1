"""The parser of the command line, the same for every command."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_USAGE = 2
EXIT_START_AGAIN = 75
EXIT_CONFIG = 78

EXIT_CODES = """\
exit codes:
  0 success   1 failure   2 wrong usage   75 audio lost: start it afresh
  78 bad configuration or model
"""

Run = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """Suggests `--help`, keeps the layout of examples, and takes no shortened options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings
        )

    fill: Callable[[Parser], None] | None = None
    """Adds the options once they are needed: what they take their defaults from is loaded then."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse, after the options were added."""
        if self.fill is not None:
            fill, self.fill = self.fill, None
            fill(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and exit."""
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see `{self.prog} --help`\n")


def add_command(commands: Any, name: str, run: Run, text: str, examples: Iterable[str]) -> Parser:
    """Add a command with its help: a line, examples and exit codes."""
    listed = "".join(f"  edge-daemon {e}\n" for e in examples)
    added: Parser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".",
        epilog=f"examples:\n{listed}\n{EXIT_CODES}",
    )  # fmt: skip
    added.set_defaults(command=run, wrong_usage=added.error)
    return added
