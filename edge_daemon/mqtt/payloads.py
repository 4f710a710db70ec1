"""The JSON of the topics."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec

from edge_daemon.control import Answer
from edge_daemon.events import Heard, State, Summary, as_json
from edge_daemon.telemetry.record import LATENCY, flat
from edge_daemon.telemetry.recording import summary_record

ONLINE = b"online"
OFFLINE = b"offline"
HEARD = "heard"
TRIGGERED = "triggered"


def detection(event: Heard) -> bytes:
    """Tell a word; Home Assistant's event entities want an ``event_type``."""
    told = _told(event)
    kind = TRIGGERED if told.pop("triggered") else HEARD
    return as_json({"event_type": kind, **told})


def state(event: State) -> bytes:
    """Tell the state; a time that is left would be wrong as soon as it is retained."""
    told = _told(event)
    left_s = told.pop("muted_left_s")
    told["muted_until"] = None if left_s is None else round(event.at + left_s, 3)
    return as_json(told)


def telemetry(event: Summary, n_dropped: int) -> bytes:
    """Tell the figures of an interval, by the names that the log of records has, too.

    Of the stages only the latency, which is that of all, is told.
    """
    figures: Any = event.figures
    time = datetime.fromtimestamp(event.at, timezone.utc)
    record = summary_record(time, figures["uptime_s"], figures)
    record.durations = {k: x for k, x in record.durations.items() if k.startswith(LATENCY)}
    values = flat(record)
    del values["time"], values["kind"]
    return as_json({"at": round(event.at, 3), **values, "messages_dropped": n_dropped})


def answer(asked: str, answered: Answer) -> bytes:
    """Tell what became of a command."""
    return as_json({"command": asked, "ok": answered.ok, "problems": answered.problems})


def _told(event: Heard | State) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(event)
    del values["event"]
    return {**values, "at": round(event.at, 3)}
