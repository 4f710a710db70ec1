"""What the one who reviews wants: a key at a terminal, a line where stdin is none."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
import tty
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

Do: TypeAlias = Literal["play", "accept", "reject", "relabel", "skip", "quit", "unknown"]
NextOrder: TypeAlias = "Callable[[], Order]"

_ORDERS: dict[str, Do] = {
    "p": "play", "a": "accept", "r": "reject", "l": "relabel", "s": "skip", "q": "quit",
}  # fmt: skip
_ENDS = ("", "\x04")
"""Ctrl-D at a terminal, and the end of what comes by a pipe."""


class Order(NamedTuple):
    """What to do, with the word for ``relabel``."""

    do: Do
    word: str = ""


def next_order() -> Order:
    """Wait for a key, or for a line such as ``a`` or ``l left``; at the end of stdin it is quit."""
    return _next_key() if sys.stdin.isatty() else _parsed(sys.stdin.readline())


def _next_key() -> Order:
    order = _parsed(_key())
    if order.do != "relabel":
        return order
    with contextlib.suppress(EOFError):  # the terminal takes whole lines again
        return Order("relabel", input("what was said? ").strip())
    return Order("unknown")


def _key() -> str:
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin, termios.TCSADRAIN)  # by default it forgets what was typed ahead
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace")
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _parsed(line: str) -> Order:
    if line in _ENDS:
        return Order("quit")
    key, _, word = line.strip().partition(" ")
    return Order(_ORDERS.get(key.lower(), "unknown"), word.strip())
