"""Asks on a terminal, or takes the answers that are piped in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from rich.console import Console

from edge_daemon.errors import EdgeDaemonError

T = TypeVar("T")


class Questions:
    """Asks one thing after the other; an empty answer is the default.

    Where the piped answers end, the defaults are taken; on a terminal Ctrl-D ends it all.

    Parameters
    ----------
    takes_defaults : bool
        Nothing is asked.
    """

    def __init__(self, takes_defaults: bool = False) -> None:
        self.takes_defaults = takes_defaults
        self.is_at_a_terminal = sys.stdin is not None and sys.stdin.isatty()
        self.console = Console(highlight=False, markup=False)

    def say(self, text: str = "", *, may_break: bool = True) -> None:
        """Say something; a command that is to be copied must not be broken into lines."""
        self.console.print(text, soft_wrap=not (may_break and self.console.is_terminal))

    def ask(self, question: str, default: str, understood: Callable[[str], T]) -> T:
        """Ask until the answer is understood; ``understood`` raises ValueError with what is wrong."""
        while True:
            answer = self._answer(f"{question} [{default}] ")
            try:
                return understood(answer or default)
            except ValueError as error:
                if not answer:
                    raise EdgeDaemonError(f"{question} {default}: {error}") from None
                self.say(f"  {error}")

    def yes(self, question: str, default: bool) -> bool:
        """Ask for yes or no."""
        return self.ask(question, "yes" if default else "no", _yes_or_no)

    def _answer(self, prompt: str) -> str:
        if self.takes_defaults:
            self.say(prompt)
            return ""
        try:
            answer = self.console.input(prompt, markup=False).strip()
        except EOFError:
            self.say()
            if self.is_at_a_terminal:
                raise EdgeDaemonError("nothing was written") from None
            self.takes_defaults = True
            return ""
        if not self.is_at_a_terminal:
            self.say(answer)  # a terminal shows what is typed
        return answer


def _yes_or_no(answer: str) -> bool:
    if answer.lower() in ("y", "yes"):
        return True
    if answer.lower() in ("n", "no"):
        return False
    raise ValueError("yes or no, please")
