"""What the sensors said over an interval, ready for JSON."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, TypedDict

from edge_daemon.telemetry.sensors.energy import Energy
from edge_daemon.telemetry.sensors.found import Sensors
from edge_daemon.telemetry.sensors.reading import Reading
from edge_daemon.telemetry.sensors.throttling import ThrottleState
from edge_daemon.telemetry.sensors.watch import LATE_PERIODS, Watch


class SensorFigures(TypedDict):
    """Since the figures before, unless it says otherwise; what is None has its reason."""

    meter: str | None
    covers: str | None
    """What the watts are of: the whole board, or a part of it."""
    watts_mean: float | None
    watts_max: float | None
    joules: float | None
    """Since the start, over the seconds that were measured."""
    measured_s: float
    """How much of the time since the start the joules are of: what was not read is no 0."""
    temperature_c: float | None
    throttled: tuple[str, ...] | None
    """At any reading of the interval; empty when nothing held the processor back."""
    throttled_since_boot: tuple[str, ...] | None
    clock_hz: float | None
    reasons: dict[str, str]
    """Why a figure is None: `power`, `temperature`, `throttling`, `clock`."""


def held_back(throttled: Iterable[str] | None) -> str | None:
    """Return why the processor is held back, in one text; ``no`` if it is not."""
    return None if throttled is None else ", ".join(throttled) or "no"


class FiguresSoFar:
    """The watches over the sensors, and what they have said since the figures before."""

    def __init__(self, sensors: Sensors, period_s: float) -> None:
        self._absences = sensors.reasons
        self._readings: dict[str, Reading] = {}
        self._throttle: ThrottleState | None = None
        self._throttled: set[str] = set()
        self._by_name: dict[str, Watch[Any]] = {}
        meter = sensors.power
        self._meter = (meter.name, meter.covers) if meter else (None, None)
        power_period_s = max(period_s, meter.period_s if meter else 0.0)
        self._energy = Energy(LATE_PERIODS * power_period_s)
        if meter:
            self._by_name["power"] = Watch(power_period_s, meter.read, self._energy.add)
        for name, sensor in (("temperature", sensors.thermometer), ("clock", sensors.clock)):
            if sensor:
                keep = partial(self._keep, name)
                self._by_name[name] = Watch(max(period_s, sensor.period_s), sensor.read, keep)
        if throttling := sensors.throttling:
            every_s = max(period_s, throttling.period_s)
            self._by_name["throttling"] = Watch(every_s, throttling.read, self._keep_throttle)

    @property
    def watches(self) -> tuple[Watch[Any], ...]:
        """One for each sensor that there is."""
        return tuple(self._by_name.values())

    def take(self, now_s: float) -> SensorFigures:
        """Return the figures and begin the next interval."""
        power = self._energy.take()
        temperature, clock = self._last("temperature", now_s), self._last("clock", now_s)
        throttle = self._last_throttle(now_s)
        reasons = {
            "power": "" if power else self._silence("power", now_s) or self._energy.reading.reason,
            "temperature": temperature.reason,
            "throttling": throttle.reason,
            "clock": clock.reason,
        }
        return SensorFigures(
            meter=self._meter[0],
            covers=self._meter[1],
            watts_mean=round(power[0], 4) if power else None,
            watts_max=round(power[1], 4) if power else None,
            joules=round(self._energy.joules, 3) if self._energy.measured_s else None,
            measured_s=round(self._energy.measured_s, 3),
            temperature_c=temperature.value,
            throttled=throttle.now,
            throttled_since_boot=throttle.since_boot,
            clock_hz=clock.value,
            reasons={name: why for name, why in reasons.items() if why},
        )

    def _keep(self, name: str, reading: Reading, _now_s: float) -> None:
        self._readings[name] = reading

    def _keep_throttle(self, state: ThrottleState, _now_s: float) -> None:
        self._throttle = state
        self._throttled.update(state.now or ())

    def _last(self, name: str, now_s: float) -> Reading:
        why = self._silence(name, now_s)
        return Reading(None, why) if why else self._readings[name]

    def _last_throttle(self, now_s: float) -> ThrottleState:
        seen, self._throttled = self._throttled, set()
        why = self._silence("throttling", now_s)
        if why or self._throttle is None:
            return ThrottleState(None, None, why)
        state = self._throttle
        if state.now is None:
            return state
        return ThrottleState(tuple(sorted({*seen, *state.now})), state.since_boot, state.reason)

    def _silence(self, name: str, now_s: float) -> str:
        """Say why a sensor says nothing; empty where it does."""
        watch = self._by_name.get(name)
        return watch.silence(now_s) if watch else self._absences.get(name, "no sensor")
