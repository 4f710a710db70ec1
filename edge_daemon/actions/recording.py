"""An action that only remembers: for tests, and for trying out a configuration."""

from __future__ import annotations

import threading

from edge_daemon.types import Detection


class RecordingAction:
    """Keeps every detection that it was run with."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        """Raised by each run, after the detection was noted."""
        self.detections: list[Detection] = []
        self._noted = threading.Condition()

    def run(self, detection: Detection) -> None:
        """Note the detection; it is done at once."""
        with self._noted:
            self.detections.append(detection)
            self._noted.notify_all()
        if self.error is not None:
            raise self.error

    def wait_for(self, count: int, timeout_s: float = 10.0) -> bool:
        """Wait until that many detections were noted; False when the time ran out first."""
        with self._noted:
            return self._noted.wait_for(lambda: len(self.detections) >= count, timeout_s)
