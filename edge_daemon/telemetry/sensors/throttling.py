"""Whether the processor is held back: too hot, too little voltage, too much current."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge_daemon.telemetry.sensors.reading import Lookup, Unreadable, read_int, text_or_nothing
from edge_daemon.telemetry.sensors.vcgencmd import Vcgencmd

UNDER_VOLTAGE = "under-voltage"
CAPPED = "frequency capped"
THROTTLED = "throttled"
SOFT_LIMIT = "soft temperature limit"
OVER_CURRENT = "over-current"

_BITS = (UNDER_VOLTAGE, CAPPED, THROTTLED, SOFT_LIMIT)
"""Bits 0 to 3 of get_throttled: now; bits 16 to 19: since boot."""
_SINCE_BOOT = 16
_ANSWER = re.compile(r"throttled=0x([0-9a-fA-F]{1,8})")
_OVER_CURRENT_CHIP = "soctherm_oc"
_COUNTERS = (
    ("sys/devices/system/cpu/cpu*/thermal_throttle/*_throttle_count", THROTTLED),
    ("sys/class/hwmon/hwmon*/oc1_event_cnt", UNDER_VOLTAGE),
    ("sys/class/hwmon/hwmon*/oc[23]_event_cnt", OVER_CURRENT),
)
"""Of x86; of a Jetson Orin, whose third counter is that of short peaks."""
_COOLING = re.compile(r"cpufreq|devfreq|throttle|^Processor$")
"""Cooling devices that slow down; not fans, screens or intel_powerclamp."""


@dataclass(frozen=True, slots=True)
class ThrottleState:
    """What holds the processor back; None where it cannot be known, with the reason."""

    now: tuple[str, ...] | None
    since_boot: tuple[str, ...] | None
    reason: str = ""


_Source = Callable[[], ThrottleState]


class Throttling:
    """The Raspberry Pi's firmware, else the counters and cooling devices of the kernel."""

    period_s = 30.0

    def __init__(self, root: Path = Path("/"), vcgencmd: Vcgencmd | None = None) -> None:
        self._root = root
        self._firmware = vcgencmd or Vcgencmd(root)
        self._sources: Lookup[tuple[_Source, ...]] = Lookup(self._find)

    def absence(self) -> str:
        """Say why throttling is not seen."""
        return self._sources.absence()

    def read(self) -> ThrottleState:
        """Return what holds the processor back."""
        try:
            states = [source() for source in self._sources.get()]
        except Unreadable as error:
            self._sources.forget()
            return ThrottleState(None, None, str(error))
        return ThrottleState(
            _union(state.now for state in states),
            _union(state.since_boot for state in states),
            "; ".join(state.reason for state in states if state.reason),
        )

    def _find(self) -> tuple[_Source, ...]:
        why = self._firmware.absence()
        if not why:
            return (self._ask_firmware,)
        if self._alarm() is not None:
            return (lambda: self._ask_alarm(why),)
        sources = [_Counters(files, word).state for files, word in self._counters()]
        if cooling := self._cooling():
            sources.append(lambda: _cooling_state(cooling))
        if not sources:
            raise Unreadable(f"nothing that tells of throttling in /sys; {why}")
        return tuple(sources)

    def _ask_firmware(self) -> ThrottleState:
        try:
            answer = self._firmware.ask("get_throttled")
        except Unreadable as error:
            return self._ask_alarm(str(error))
        match = _ANSWER.search(answer)
        if match is None:
            raise Unreadable(f"vcgencmd get_throttled says {answer[:40]!r}")
        bits = int(match[1], 16)
        return ThrottleState(_words(bits), _words(bits >> _SINCE_BOOT))

    def _ask_alarm(self, why: str) -> ThrottleState:
        alarm = self._alarm()
        if alarm is None:
            raise Unreadable(why)
        now = (UNDER_VOLTAGE,) if read_int(alarm) else ()
        return ThrottleState(now, None, f"only under-voltage is seen: {why}")

    def _alarm(self) -> Path | None:
        """Return the kernel's own watch over a Raspberry Pi's supply, which everybody may read."""
        alarms = sorted(self._root.glob("sys/class/hwmon/hwmon*/in0_lcrit_alarm"))
        return next(
            (path for path in alarms if text_or_nothing(path.parent / "name") == "rpi_volt"), None
        )

    def _counters(self) -> list[tuple[tuple[Path, ...], str]]:
        found = []
        for pattern, word in _COUNTERS:
            files = tuple(path for path in sorted(self._root.glob(pattern)) if _counts(path))
            if files:
                found.append((files, word))
        return found

    def _cooling(self) -> tuple[Path, ...]:
        types = sorted(self._root.glob("sys/class/thermal/cooling_device*/type"))
        return tuple(
            path.with_name("cur_state") for path in types if _COOLING.search(text_or_nothing(path))
        )


@dataclass(slots=True)
class _Counters:
    """Counters of events since boot: one that has risen since the read before is of now."""

    files: tuple[Path, ...]
    word: str
    before: int | None = field(default=None)

    def state(self) -> ThrottleState:
        count = sum(read_int(path) for path in self.files)
        has_risen = self.before is not None and count > self.before
        self.before = count
        return ThrottleState((self.word,) if has_risen else (), (self.word,) if count > 0 else ())


def _cooling_state(files: tuple[Path, ...]) -> ThrottleState:
    slowed = any(read_int(path) > 0 for path in files)
    return ThrottleState((CAPPED,) if slowed else (), None)


def _words(bits: int) -> tuple[str, ...]:
    return tuple(word for bit, word in enumerate(_BITS) if bits >> bit & 1)


def _union(parts: Iterable[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """Join what is known; None where nothing is."""
    known = [part for part in parts if part is not None]
    return tuple(sorted({word for part in known for word in part})) if known else None


def _counts(path: Path) -> bool:
    if path.name.startswith("oc"):
        return text_or_nothing(path.parent / "name") == _OVER_CURRENT_CHIP
    return True
