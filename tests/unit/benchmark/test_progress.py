"""What is told on the way."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from edge_daemon.benchmark.progress import shown

TELL = """
from edge_daemon.benchmark.progress import shown
with shown() as tell:
    tell("loading", 1, 3)
    tell("listening", 2, 3)
"""


def test_without_a_terminal_each_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As over ssh, or in a log."""
    with shown() as tell:
        tell("loading", 1, 3)
        tell("listening", 2, 3)
    assert capsys.readouterr().err == "[1/3] loading\n[2/3] listening\n"


def test_on_a_terminal_there_is_a_bar() -> None:
    """It shows the step that is done, and is gone at the end."""
    ours, theirs = pty.openpty()
    try:
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
        subprocess.run(
            [sys.executable, "-c", TELL], stderr=theirs, env=environment, check=True, timeout=60
        )
        said = os.read(ours, 100_000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "1/3" in said
    assert "listening" in said
    assert "[2/3]" not in said
