"""The board and its processor, and the Python that runs."""

from __future__ import annotations

import platform
import sys

from edge_daemon import __version__
from edge_daemon.board import Board
from edge_daemon.doctor.diagnosis import Part, Problem

_32_BIT = ("armv6l", "armv7l", "i686", "i386")


def board_part(board: Board) -> Part:
    """Return what the machine is; onnxruntime has no wheel for one with 32 bits."""
    memory = "" if board.memory_bytes is None else f", {board.memory_bytes / 2**30:.1f} GiB"
    facts = [
        board.model,
        f"{board.n_cores} cores of {board.cpu}{memory}",
        f"{board.system}, Linux {board.kernel}, {board.architecture}",
        f"of use for inference: {', '.join(board.cpu_features) or 'no vector unit known here'}",
    ]
    if board.kind == "jetson":
        facts.append(f"Jetson Linux {board.jetpack or 'of unknown release'}")
    return Part(name="board", facts=facts, problems=_word_size(board))


def _word_size(board: Board) -> list[Problem]:
    return [_too_narrow(board.architecture)] if board.architecture in _32_BIT else []


def _too_narrow(what: str) -> Problem:
    return Problem(
        what=f"{what}: onnxruntime has no wheel for 32 bits",
        fix="install the 64-bit system; every Raspberry Pi from the 3 on runs it",
        is_in_the_way=True,
    )


def python_part(largest_size: int = sys.maxsize) -> Part:
    """Return the interpreter and ourselves; a 64-bit kernel may run programs of 32 bits."""
    facts = [f"{platform.python_version()}, {sys.executable}", f"edge-daemon {__version__}"]
    problems = [] if largest_size > 2**32 else [_too_narrow(f"{sys.executable}, of 32 bits")]
    return Part(name="Python", facts=facts, problems=problems)
