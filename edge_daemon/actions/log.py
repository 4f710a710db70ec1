"""Write detections as JSON lines."""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Callable
from datetime import datetime, timezone

from edge_daemon.config import LogConfig
from edge_daemon.errors import ActionError
from edge_daemon.outputs import append_line
from edge_daemon.types import Detection


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


class LogAction:
    """One line a detection, to stdout or to the end of a file."""

    def __init__(self, config: LogConfig, now: Callable[[], datetime] = _utc_now) -> None:
        self._path = config.path
        self._now = now

    def run(self, detection: Detection) -> None:
        """Write the line; it is on its way when this returns.

        Raises
        ------
        ActionError
            The file or stdout cannot be written.
        """
        line = self._line(detection)
        try:
            if self._path == "-":
                _print(line)
            else:
                append_line(self._path, line.encode())
        except (OSError, ValueError) as error:
            where = "stdout" if self._path == "-" else self._path
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            raise ActionError(f"{where} cannot be written: {reason}") from error

    def _line(self, detection: Detection) -> str:
        record = {
            "time": self._now().isoformat(timespec="milliseconds"),
            **detection.as_json(),
        }
        return json.dumps(record, ensure_ascii=False) + "\n"


def _print(line: str) -> None:
    if sys.stdout is None:  # the process was started with it closed
        raise ValueError("it is closed")
    if not _takes_a_line():
        raise ValueError("it is full, and nobody reads it")
    sys.stdout.write(line)
    sys.stdout.flush()


def _takes_a_line() -> bool:
    """Tell whether stdout takes a line at once; a pipe that has room takes 4 KiB."""
    try:
        fd = sys.stdout.fileno()
    except (OSError, ValueError):  # no file of the system
        return True
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(0))
