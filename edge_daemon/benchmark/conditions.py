"""Under which conditions it was measured: temperature, clock, throttling and power, all along."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, Protocol

from msgspec import Struct

from edge_daemon.telemetry.sensors import SensorFigures, Sensors

SAMPLED_EVERY_S = 1.0
SETTLED_S = 1.2
"""After so long every reading is of what is done now: a counter of energy gives the mean since the
reading before."""

Kind = Literal[
    "before", "latency", "fast", "realtime", "idle", "listening", "inferring", "accuracy", "after"
]
"""``fast`` and ``realtime`` are processes of their own, with their start; ``idle``, ``listening``
and ``inferring`` are as long as each other, and done where there is a power meter only."""


class Sampling(Protocol):
    """What takes readings in the background: `edge_daemon.telemetry.sensors.Sampler`."""

    def take(self) -> SensorFigures:
        """Return what was read since this was called last."""


class Window(Struct, frozen=True, kw_only=True):
    """A span of the run in which one thing was done; None where no sensor told."""

    kind: Kind
    row: str | None
    """Name of the combination or the peer that it was about."""
    round: int
    begin_s: float
    """Since the run began."""
    length_s: float
    n_inferences: int | None = None
    watts_mean: float | None = None
    watts_max: float | None = None
    temperature_c: float | None = None
    clock_hz: float | None = None
    throttled: list[str] | None = None
    """What held the processor back; empty when nothing did, None where that cannot be seen."""


class Found(Struct, frozen=True, kw_only=True):
    """Which sensors there are."""

    meter: str | None
    """Name of the power meter."""
    covers: str | None
    """What its watts are the watts of."""
    reasons: dict[str, str] = {}
    """Why there is none, by what is missing."""


class Conditions:
    """Keeps what the sensors say of each window."""

    def __init__(
        self, sensors: Sensors, sampler: Sampling, clock: Callable[[], float] = time.monotonic
    ) -> None:
        power = sensors.power
        self.found = Found(
            meter=power.name if power else None,
            covers=power.covers if power else None,
            reasons=dict(sensors.reasons),
        )
        self.windows: list[Window] = []
        self.round = 0
        self._sampler = sampler
        self._clock = clock
        self._began_s = clock()

    @property
    def is_metered(self) -> bool:
        """There is something that tells the power."""
        return self.found.meter is not None

    @contextmanager
    def window(self, kind: Kind, row: str | None = None) -> Iterator[list[int]]:
        """Note what the sensors say meanwhile; the counts of inferences put in are added up."""
        self._sampler.take()
        began_s = self._clock()
        inferences: list[int] = []
        yield inferences
        figures, ended_s = self._sampler.take(), self._clock()
        window = Window(
            kind=kind, row=row, round=self.round, begin_s=round(began_s - self._began_s, 3),
            length_s=ended_s - began_s, n_inferences=sum(inferences) if inferences else None,
            watts_mean=figures["watts_mean"], watts_max=figures["watts_max"],
            temperature_c=figures["temperature_c"], clock_hz=figures["clock_hz"],
            throttled=None if (held := figures["throttled"]) is None else list(held),
        )  # fmt: skip
        self.windows.append(window)


def read_often(sensors: Sensors) -> Sensors:
    """Return the same sensors, to be read often enough for the windows of a run."""
    return replace(
        sensors, power=_often(sensors.power), thermometer=_often(sensors.thermometer),
        throttling=_often(sensors.throttling), clock=_often(sensors.clock),
    )  # fmt: skip


def _often(sensor: Any) -> Any:
    return None if sensor is None else _Often(sensor)


class _Often:
    """A sensor that a daemon would leave alone for longer."""

    period_s = SAMPLED_EVERY_S

    def __init__(self, sensor: Any) -> None:
        self._sensor = sensor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sensor, name)
