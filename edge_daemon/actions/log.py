"""Write detections as JSON lines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import datetime, timezone

from edge_daemon.config import LogConfig
from edge_daemon.errors import ActionError
from edge_daemon.types import Detection

# O_NONBLOCK: a FIFO that nobody reads is an error, not a worker that stands still.
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK


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
                _append(self._path, line)
        except (OSError, ValueError) as error:
            where = "stdout" if self._path == "-" else self._path
            reason = (error.strerror if isinstance(error, OSError) else None) or error
            raise ActionError(f"{where} cannot be written: {reason}") from error

    def _line(self, detection: Detection) -> str:
        record = {
            "time": self._now().isoformat(timespec="milliseconds"),
            "label": detection.label,
            "score": round(float(detection.score), 4),
            "time_s": round(float(detection.time_s), 3),
            "after": detection.after,
        }
        return json.dumps(record, ensure_ascii=False) + "\n"


def _print(line: str) -> None:
    if sys.stdout is None:  # the process was started with it closed
        raise ValueError("it is closed")
    sys.stdout.write(line)
    sys.stdout.flush()


def _append(path: str, line: str) -> None:
    # Opened for each line, so that a file which logrotate moved away is made anew.
    data = line.encode()
    file = os.open(path, _APPEND, 0o644)
    try:
        written = os.write(file, data)
    finally:
        os.close(file)
    if written < len(data):
        raise OSError(f"only {written} of {len(data)} bytes were taken")
