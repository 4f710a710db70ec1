"""Processes that do not outlive the one that has started them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.command_line import ROOT

CHILD = """
import sys, time
from edge_daemon.parent import end_with_parent
end_with_parent()
with open(sys.argv[1], "w") as told:
    told.write("on")
    told.flush()
    time.sleep(100000)
"""
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


def test_a_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """Nobody has to find it and end it by hand."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD, str(fifo)], cwd=ROOT)
    with fifo.open() as told:
        assert told.read(2) == "on"
        parent.kill()
        parent.wait()
        assert told.read() == ""  # the end of file comes when the child has gone
