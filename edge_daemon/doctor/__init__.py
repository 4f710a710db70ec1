"""Looks at the machine: what is there, what is missing, and how each thing missing is had.

Unlike `check`, which asks whether a configuration can run, it tells what the daemon would run on.
"""

from __future__ import annotations

from pathlib import Path

from edge_daemon.board import read_board
from edge_daemon.doctor.diagnosis import Diagnosis
from edge_daemon.doctor.machine import board_part, python_part
from edge_daemon.doctor.runtime import runtime_part
from edge_daemon.doctor.sensing import sensors_part
from edge_daemon.doctor.service import state_part, systemd_part
from edge_daemon.doctor.sound import audio_part
from edge_daemon.doctor.trial import config_part

__all__ = ["Diagnosis", "examine"]


def examine(config: Path | None, root: Path = Path("/")) -> Diagnosis:
    """Look at everything, and at the configuration last; never raises for what it finds.

    root : the tree that holds /proc, /sys, /dev and /etc
    """
    board = read_board(root)
    runtime = runtime_part(board)
    parts = [
        board_part(board), python_part(), runtime, audio_part(root), sensors_part(root),
        systemd_part(root), state_part(), config_part(config, not runtime.is_in_the_way),
    ]  # fmt: skip
    return Diagnosis(board=board, parts=parts)
