"""Energy out of readings of power."""

from __future__ import annotations

from edge_daemon.telemetry.sensors.reading import Reading


class Energy:
    """Joules since the start; mean and maximum of the watts since they were taken last.

    Each reading stands for the time since the attempt before it: exact for a meter that counts
    energy, and without bias for one that measures an instant. A reading that is None adds neither
    joules nor time, and one that comes late (after ``longest_s``) adds no time that nobody watched.
    """

    def __init__(self, longest_s: float) -> None:
        self.joules = 0.0
        self.measured_s = 0.0
        """How long the joules were measured; less than the run where readings are missing."""
        self.reading = Reading(None, "not read yet")
        """The last one."""
        self._longest_s = longest_s
        self._last_s: float | None = None
        self._taken = (0.0, 0.0)
        self._last_w: float | None = None
        self._max_w = 0.0

    def add(self, reading: Reading, now_s: float) -> None:
        """Count one attempt."""
        last_s, self._last_s = self._last_s, now_s
        self.reading = reading
        if reading.value is None:
            return
        self._max_w = max(reading.value, 0.0 if self._last_w is None else self._max_w)
        self._last_w = reading.value
        if last_s is not None and 0 < now_s - last_s <= self._longest_s:
            self.joules += reading.value * (now_s - last_s)
            self.measured_s += now_s - last_s

    def take(self) -> tuple[float, float] | None:
        """Return mean and maximum since the take before; None where nothing was read."""
        if self._last_w is None:
            return None
        (joules, measured_s), mean_w = self._taken, self._last_w
        if self.measured_s > measured_s:
            mean_w = (self.joules - joules) / (self.measured_s - measured_s)
        self._taken, self._last_w = (self.joules, self.measured_s), None
        return mean_w, self._max_w
