"""Keeps Home Assistant's picture of the device right."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edge_daemon.config import MqttConfig
from edge_daemon.events import State, as_json
from edge_daemon.mqtt import payloads
from edge_daemon.mqtt.discovery import announcement, platforms, platforms_in, with_removed
from edge_daemon.mqtt.outbox import Message, Outbox
from edge_daemon.mqtt.topics import Topics

if TYPE_CHECKING:
    from edge_daemon.mqtt.session import Session

BIRTH_SPREAD_S = 3.0
"""Within this time after its start Home Assistant is told again: not by hundreds at once."""
REMOVED_FOR_S = 5.0
"""What is gone is named for so long, and then no more."""


class Announcer:
    """Announces the device as soon as its words are known, and again when they have changed.

    What was announced before, be it by a daemon before this one, and is gone, is removed.

    Parameters
    ----------
    config : MqttConfig
    topics : Topics
    outbox : Outbox
    """

    def __init__(self, config: MqttConfig, topics: Topics, outbox: Outbox) -> None:
        self._config = config
        self._topics = topics
        self._outbox = outbox
        self._lock = threading.Lock()
        self._told: tuple[str, ...] = ()
        self._announced: dict[str, Any] = {}
        self._before: Mapping[str, str] = {}
        self._birth_due_s: float | None = None
        self._clean_due_s: float | None = None

    def tell(self, state: State) -> None:
        """Take over the model and its words; in the main loop."""
        told = (state.model, *state.words)
        if self._topics.discovery is None or told == self._told:
            return
        self._told = told
        with self._lock:
            self._announced = announcement(
                self._topics, state.model, state.words, self._config.qos, self._config.commands
            )
            self._announce(self._before)
            self._before = platforms(self._announced)

    def connected(self, session: Session) -> None:
        """Listen for Home Assistant's start, and look for what was announced before."""
        if self._topics.discovery is not None and self._topics.birth is not None:
            session.look_up(self._topics.discovery)
            session.listen_to(self._topics.birth)

    def take(self, topic: str, payload: bytes, kept: bool) -> bool:
        """Take a message; tell whether it was one for Home Assistant's sake."""
        if topic == self._topics.birth:
            if payload == payloads.ONLINE and not kept:
                spread_s = random.uniform(0, BIRTH_SPREAD_S)  # noqa: S311
                self._birth_due_s = time.monotonic() + spread_s
        elif topic == self._topics.discovery:
            if kept:
                self._compare(platforms_in(payload))
        else:
            return False
        return True

    def tick(self) -> None:
        """Tell Home Assistant all of it again, if it has started; name no more what is gone."""
        now_s = time.monotonic()
        if self._birth_due_s is not None and now_s >= self._birth_due_s:
            self._birth_due_s = None
            self._outbox.renew()
        with self._lock:
            if self._clean_due_s is not None and now_s >= self._clean_due_s:
                self._announce({})

    def _compare(self, before: Mapping[str, str]) -> None:
        """Remove what the broker had kept and what is gone."""
        with self._lock:
            if not self._announced:
                self._before = before
            elif before.keys() - self._announced["components"].keys():
                self._announce(before)

    def _announce(self, before: Mapping[str, str]) -> None:
        components = self._announced["components"]
        gone = {key: name for key, name in before.items() if key not in components}
        payload = as_json(with_removed(self._announced, gone))
        topic = str(self._topics.discovery)
        self._outbox.keep(Message(topic=topic, payload=payload, qos=self._config.qos, retain=True))
        self._clean_due_s = time.monotonic() + REMOVED_FOR_S if gone else None
