"""Programs that stand in for ``edge-daemon quantize``: same arguments, same exit codes.

They are shell scripts, in which ``$1`` is the model, ``$3`` the data and ``$5`` the output.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

STATS = {"compression_ratio": 3.9, "speedup": 1.8, "accuracy_loss": 0.25}
GAINS = "3.9 times smaller, 1.8 times as fast, 0.25 points of accuracy lost"
REASONS = ["speed: 0.31 times as fast", "compression: 1.20 times smaller"]


def stand_in(script: str) -> list[str]:
    """Return the beginning of a command that runs the script."""
    return ["/bin/sh", "-ec", script, "quantize"]


def accepting(smaller: Path) -> list[str]:
    """Return a quantizer that comes up with this file, whatever it is given."""
    return stand_in(f"{_report(stats=STATS)}; {as_output(smaller)}")


def refusing() -> list[str]:
    """Return a quantizer that leaves the original under the output's name."""
    return stand_in(f'{_report(stats=STATS, reasons=REASONS)}; cp "$1" "$5"; exit 3')


def as_output(smaller: Path) -> str:
    """Return the line of a script that makes this file the output."""
    return f'cp {shlex.quote(str(smaller))} "$5"'


def _report(**content: object) -> str:
    text = shlex.quote(json.dumps(content))
    return f'printf %s {text} >"${{5%.onnx}}.report.json"; echo page >"${{5%.onnx}}.report.html"'
