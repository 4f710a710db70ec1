"""The MQTT part of a daemon alone, with a desk and events of the test's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from edge_daemon.config import parse_config
from edge_daemon.connection import Inside
from edge_daemon.control import Answer, Request
from edge_daemon.control.desk import Desk, Reply
from edge_daemon.events import Events, Heard, State
from edge_daemon.mqtt import MqttConnection
from edge_daemon.telemetry import Telemetry
from tests.integration.broker import PATIENCE_S

BASE = "edge-daemon/kitchen"
DISCOVERY = "homeassistant/device/edge-daemon-kitchen/config"
HEARD = Heard(label="go on", score=0.9, time_s=3.0, after="computer")


def state_of(words: Sequence[str] = ("stop", "go on"), **other: Any) -> State:
    """Return a state with these words, all at the same threshold."""
    usual = {
        "condition": "listening",
        "text": "listening",
        "source": "mic:USB",
        "model": "demo",
        "words": list(words),
        "muted": False,
        "muted_left_s": None,
        "thresholds": dict.fromkeys(words, 0.5),
        "last": None,
    }
    return State(**{**usual, **other})


class Device:
    """A connection to the broker at a port; requests are answered by the test."""

    def __init__(self, port: int, **section: object) -> None:
        self.events = Events()
        self.desk = Desk()
        self.telemetry = Telemetry()
        mqtt = {"host": "127.0.0.1", "port": port, "name": "kitchen", **section}
        inside = Inside(self.desk, self.events, self.telemetry)
        self.connection = MqttConnection(parse_config({"mqtt": mqtt}), inside)

    def tell(self, state: State | None = None) -> None:
        """Publish a state, as the daemon does after the start."""
        self.events.publish(state or state_of())

    def requests(self, n: int = 1) -> list[tuple[Request, Reply]]:
        """Return the next requests, once so many have come."""
        found: list[tuple[Request, Reply]] = []
        deadline_s = time.monotonic() + PATIENCE_S
        while len(found) < n:
            assert time.monotonic() < deadline_s, f"only {found} came"
            found += self.desk.take()
            threading.Event().wait(0.005)
        return found

    def answer_next(self, answer: Answer = Answer(ok=True)) -> Request:  # noqa: B008 - immutable
        """Answer the next request and return it."""
        ((request, reply),) = self.requests()
        reply(answer)
        return request


@contextmanager
def connected_device(port: int, **section: object) -> Iterator[Device]:
    """Run a device that has told its state."""
    device = Device(port, **section)
    device.connection.start()
    try:
        device.tell()
        yield device
    finally:
        device.connection.stop(5.0)
