"""The sensors of this board, as the daemon reads them."""

from __future__ import annotations

import logging
from pathlib import Path

from edge_daemon.telemetry.sensors import Sampler, Sensors, find_sensors

_LOG = logging.getLogger(__name__)


def open_sampler(root: Path, period_s: float) -> Sampler | None:
    """Say which sensors there are and why others are not, and begin to read them.

    None where there is nothing to read.

    Parameters
    ----------
    root : Path
        The file system in which they are looked for.
    period_s : float
        Time between two readings; 0 reads none.
    """
    if not period_s:
        return None
    sensors = find_sensors(root)
    found = _names(sensors)
    if found:
        _LOG.info("sensors: %s", ", ".join(found))
    for name, reason in sensors.reasons.items():
        _LOG.info("not measured: %s: %s", name, reason)
    if not found:
        return None
    sampler = Sampler(sensors, period_s)
    sampler.start()
    return sampler


def _names(sensors: Sensors) -> list[str]:
    power = sensors.power
    others = ("thermometer", "throttling", "clock")
    return [
        *([f"{power.name} for the power of {power.covers}"] if power else []),
        *(name for name in others if getattr(sensors, name) is not None),
    ]
