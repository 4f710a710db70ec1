"""From a request to a result: with the sensors, and whatever ends it."""

from __future__ import annotations

import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

from edge_daemon.benchmark.bench import Bench, Request
from edge_daemon.benchmark.conditions import SAMPLED_EVERY_S, Conditions, read_often
from edge_daemon.benchmark.document import Document
from edge_daemon.benchmark.output import Output
from edge_daemon.benchmark.progress import Tell, shown
from edge_daemon.board import read_board
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.telemetry.sensors import Sampler, find_sensors

FINISHED, INTERRUPTED, TERMINATED = 0, 130, 143
_LAST_READING_S = 1.0


def run(request: Request, output: Output, root: Path = Path("/")) -> tuple[Document, int]:
    """Measure; return what was found, and how the run ended as an exit code.

    output : where the results so far are written after each round
    root : of the tree in which the sensors are looked for

    Raises
    ------
    EdgeDaemonError
        When a peer is not there.
    """
    signal.signal(signal.SIGTERM, _stop)
    sensors = read_often(find_sensors(root))
    sampler = Sampler(sensors, SAMPLED_EVERY_S)
    with tempfile.TemporaryDirectory(prefix="edge-daemon-benchmark-") as folder, shown() as tell:
        conditions = Conditions(sensors, sampler)
        bench = Bench(request, conditions, read_board(root), Path(folder))
        sampler.start()
        try:
            code = _ended(bench, tell, output)
        finally:
            sampler.stop(_LAST_READING_S)
    return bench.document(), code


def _ended(bench: Bench, tell: Tell, output: Output) -> int:
    def keep() -> None:
        with suppress(EdgeDaemonError):  # a full disk is told at the end, with the table
            output.write_json(bench.document())

    try:
        bench.run(tell, keep)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit:
        return TERMINATED
    return FINISHED


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leave the results so far, as after Ctrl-C."""
    sys.exit(TERMINATED)
