"""The thread that talks to the broker: it connects, again and again, and never gives up."""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from contextlib import suppress
from typing import Protocol

from edge_daemon.config import MqttConfig
from edge_daemon.config.masking import shown_key
from edge_daemon.mqtt import trouble
from edge_daemon.mqtt.client import V5, V311
from edge_daemon.mqtt.outbox import Message, Outbox
from edge_daemon.mqtt.payloads import OFFLINE
from edge_daemon.mqtt.session import UNKNOWN_PROTOCOL, Session
from edge_daemon.mqtt.topics import Topics
from edge_daemon.telemetry import Interval

_LOG = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
STEADY_AFTER_S = 30.0
"""After a connection that held for so long the pauses and the complaints begin anew."""
SAY_DROPPED_EVERY_S = 10.0
NOTHING_TO_LOSE_S = 0.3
"""Time for an end without a connection: an attempt to make one may hang in a look-up."""


class Caller(Protocol):
    """Whoever has things to say and takes what comes in; called in the network's thread."""

    def connected(self, session: Session) -> None:
        """Listen to topics, and put into the outbox what the broker is to know."""

    def take(self, topic: str, payload: bytes, kept: bool) -> None:
        """Take a message; ``kept``: the broker had retained it."""

    def tick(self) -> None:
        """Do what is due; called several times a minute while there is a connection."""


class Network:
    """Keeps a connection to the broker and sends what is in the outbox.

    Parameters
    ----------
    config : MqttConfig
    topics : Topics
    caller : Caller
    """

    def __init__(self, config: MqttConfig, topics: Topics, caller: Caller) -> None:
        self._config = config
        self._topics = topics
        self._caller = caller
        self._waker: socket.socket | None = None
        self.outbox = Outbox(config.queue, config.stale_after_s, self._wake)
        self._complaints = trouble.Complaints(str(config.host))
        self._protocol = V5
        self._pause_s = FIRST_PAUSE_S
        self._stopping = threading.Event()
        self._stop_at = 0.0
        self._is_connected = False
        self._said_goodbye = False
        self._n_short = 0
        self._denied: set[str] = set()
        self._n_dropped_said = 0
        self._dropped_due = Interval(SAY_DROPPED_EVERY_S, time.monotonic())
        self._thread = threading.Thread(target=self._work, name="edge-mqtt", daemon=True)

    def start(self) -> None:
        """Begin; a broker that is away is tried again."""
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Say what waits, then goodbye, within this time; where nobody listens, at once."""
        self._stop_at = time.monotonic() + timeout_s
        self._stopping.set()
        self._wake()
        if self._waker is None:
            return
        self._thread.join(timeout_s if self._is_connected else min(timeout_s, NOTHING_TO_LOSE_S))
        if not self._thread.is_alive():
            self._awake.close()
            self._waker.close()

    def _wake(self) -> None:
        if self._waker is not None:
            with suppress(OSError):  # it is full, which wakes as well, or closed
                self._waker.send(b"\0")

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._connect_once()
            self._say_dropped()
            self._stopping.wait(self._next_pause_s())

    def _next_pause_s(self) -> float:
        """Return a time that grows, and differs for those who lost the broker together."""
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311

    def _connect_once(self) -> None:
        session: Session | None = None
        try:
            session = Session(self._config, self._topics, self._protocol, self._take)
            session.open()
            self._serve(session)
        except (OSError, ValueError) as error:
            self._complaints.say(trouble.of_error(error, self._config))
        except Exception as error:  # a thread that ended would end all of it in silence
            self._complaints.say(f"{type(error).__name__}: {error}", error)
        finally:
            self._is_connected = False
            if session:
                session.close()
                self.outbox.put_back(session.unacknowledged)

    def _serve(self, session: Session) -> None:
        while not session.end:
            session.step(self._awake, self._longest_wait_s())
            self._forget_the_wakes()
            if session.is_connected:
                self._attend(session)
            self._say_denied(session)
            if self._stopping.is_set() and self._is_over(session):
                return
        self._note_the_end(session)

    def _attend(self, session: Session) -> None:
        if not self._is_connected:
            self._is_connected = True
            self._complaints.resolved(f"connected, topics begin with {self._topics.base}/")
            self._caller.connected(session)
            self.outbox.renew()
        self._caller.tick()
        while session.has_room and (message := self.outbox.take()):
            session.send(message)
        self._say_dropped()

    def _take(self, topic: str, payload: bytes, kept: bool) -> None:
        try:
            self._caller.take(topic, payload, kept)
        except Exception:  # what somebody sends is not to end the connection
            _LOG.exception("mqtt: %s: a message that is not understood", shown_key(topic))

    def _say_denied(self, session: Session) -> None:
        """Say once of each topic that the broker does not let us use it."""
        for topic in set(session.denied) - self._denied:
            _LOG.warning("mqtt: %s: it does not let us use %s", self._config.host, shown_key(topic))
        self._denied.update(session.denied)
        session.denied.clear()

    def _longest_wait_s(self) -> float:
        """Return after which time the client's clocks have to be looked at."""
        wait_s = self._config.keepalive_s / 10
        if self._stopping.is_set():
            return max(0.0, min(wait_s, self._stop_at - time.monotonic()))
        return wait_s

    def _forget_the_wakes(self) -> None:
        with suppress(BlockingIOError):
            self._awake.recv(4096)

    def _is_over(self, session: Session) -> bool:
        """Say goodbye when all is said; tell whether nothing is left to do, or no time."""
        if not session.is_connected or time.monotonic() >= self._stop_at:
            return True
        if session.unacknowledged or not self.outbox.is_empty:
            return False
        if self._said_goodbye:
            session.disconnect()
            return True
        self._said_goodbye = True
        topic = self._topics.availability
        self.outbox.keep(Message(topic=topic, payload=OFFLINE, qos=self._config.qos, retain=True))
        return False

    def _note_the_end(self, session: Session) -> None:
        if self._stopping.is_set():
            return
        if session.refusal == UNKNOWN_PROTOCOL and self._protocol == V5:
            _LOG.debug("mqtt: the broker does not speak MQTT 5; 3.1.1 will do")
        elif session.refusal:
            self._complaints.say(trouble.of_refusal(session.refusal, self._config))
        elif not session.was_answered:
            self._complaints.say(trouble.of_silence(session.end, self._config))
        else:
            self._n_short += 1
            if session.age_s >= STEADY_AFTER_S:
                self._n_short = 0
                self._pause_s = FIRST_PAUSE_S
                self._complaints.forget()
            end = trouble.of_end(session.end, self._topics.name, self._n_short)
            self._complaints.say(end)
        is_old = self._protocol == V5 and not session.was_answered
        self._protocol = V311 if is_old else V5

    def _say_dropped(self) -> None:
        n = self.outbox.n_dropped + self.outbox.n_stale
        if n > self._n_dropped_said and self._dropped_due.due(time.monotonic()):
            _LOG.warning(
                "mqtt: messages dropped so far: %d (%d as mqtt.queue was full, %d as they were "
                "too old)",
                n,
                self.outbox.n_dropped,
                self.outbox.n_stale,
            )
            self._n_dropped_said = n
