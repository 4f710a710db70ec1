"""The daemon at the broker: its events go out, commands come in."""

from __future__ import annotations

import logging
import time
from functools import partial

from edge_daemon.config import Config, MqttConfig
from edge_daemon.config.address import ListenAddress
from edge_daemon.config.masking import shown_key
from edge_daemon.connection import Inside
from edge_daemon.control import Answer
from edge_daemon.errors import ActionError, ConfigError, ControlError, MissingDependency
from edge_daemon.events import Event, Heard, State, Summary
from edge_daemon.mqtt import payloads
from edge_daemon.mqtt.announcer import Announcer
from edge_daemon.mqtt.commands import parse_command
from edge_daemon.mqtt.outbox import Message
from edge_daemon.mqtt.tls import tls_context
from edge_daemon.mqtt.topics import Topics
from edge_daemon.telemetry import Interval

try:
    from edge_daemon.mqtt.client import password
    from edge_daemon.mqtt.network import Network
    from edge_daemon.mqtt.session import Session
except ModuleNotFoundError as error:
    raise MissingDependency(
        f"mqtt.host needs paho-mqtt ({error}); run: pip install 'edge-daemon[mqtt]'"
    ) from None

_LOG = logging.getLogger(__name__)

SAY_REFUSED_EVERY_S = 1.0
"""Least time between two log lines about commands that were refused."""
LONGEST_SHOWN = 256
"""Characters of a topic that an answer names."""


class MqttConnection:
    """Tells a broker what happens, and does what comes from there.

    Parameters
    ----------
    config : Config
    inside : Inside

    Raises
    ------
    ConfigError
        A password or a certificate cannot be used.
    """

    def __init__(self, config: Config, inside: Inside) -> None:
        self._config = config.mqtt
        _check(config.mqtt)
        self._inside = inside
        self._topics = Topics(config.mqtt)
        self._network = Network(config.mqtt, self._topics, self)
        self._outbox = self._network.outbox
        self._announcer = Announcer(config.mqtt, self._topics, self._outbox)
        self._refused_due = Interval(SAY_REFUSED_EVERY_S, time.monotonic() - SAY_REFUSED_EVERY_S)

    def start(self) -> None:
        """Begin; a broker that is away is tried again by itself."""
        if self._tells_the_password():
            _LOG.warning(
                "mqtt: the password goes to %s as it is; mqtt.tls.enabled encrypts it",
                self._config.host,
            )
        self._network.start()
        self._inside.events.subscribe(self._tell)

    def stop(self, timeout_s: float) -> None:
        """Say goodbye and end within this time."""
        self._inside.events.unsubscribe(self._tell)
        self._network.stop(timeout_s)

    def publish(self, topic: str, payload: bytes, qos: int | None, retain: bool) -> None:
        """Have a message of an action sent as soon as the broker is there.

        Raises
        ------
        ActionError
            Too many wait already.
        """
        qos = self._config.qos if qos is None else qos
        message = Message(topic=topic, payload=payload, qos=qos, retain=retain)
        if not self._outbox.put(message):
            raise ActionError(f"{topic}: {self._config.queue} messages wait for the broker already")

    def connected(self, session: Session) -> None:
        """Begin what a new connection begins with."""
        self._announcer.connected(session)
        if self._config.commands:
            session.listen_to(self._topics.all_commands)
        self._keep(self._topics.availability, payloads.ONLINE)

    def take(self, topic: str, payload: bytes, kept: bool) -> None:
        """Do what a message asks for."""
        if self._announcer.take(topic, payload, kept):
            return
        name, word = self._topics.command_of(topic)
        if kept:
            problem = "it was retained and would be done again at each connection: left alone"
            self._refuse(topic, [problem])
            return
        try:
            request = parse_command(name, word, payload)
        except ControlError as error:
            self._answer(topic, Answer(ok=False, problems=[str(error)]))
        else:
            self._inside.desk.submit(request, partial(self._answer, topic))

    def tick(self) -> None:
        """Do what is due."""
        self._announcer.tick()

    def _tells_the_password(self) -> bool:
        """Tell whether the password can be read on its way through a network."""
        if self._config.password_from is None or self._config.tls.enabled:
            return False
        return not ListenAddress(str(self._config.host), 0).is_loopback

    def _tell(self, event: Event) -> None:
        """Hand an event on; in the main loop."""
        if isinstance(event, Heard):
            self._send(self._topics.detections(event.label), payloads.detection(event))
        elif isinstance(event, State):
            self._announcer.tell(event)
            self._keep(self._topics.state, payloads.state(event))
        elif isinstance(event, Summary):
            n_dropped = self._outbox.n_dropped + self._outbox.n_stale
            self._keep(self._topics.telemetry, payloads.telemetry(event, n_dropped))

    def _send(self, topic: str, payload: bytes) -> None:
        self._outbox.put(Message(topic=topic, payload=payload, qos=self._config.qos))

    def _keep(self, topic: str, payload: bytes) -> None:
        self._outbox.keep(Message(topic=topic, payload=payload, qos=self._config.qos, retain=True))

    def _answer(self, topic: str, answer: Answer) -> None:
        """Tell what became of a command."""
        asked = topic.removeprefix(f"{self._topics.base}/command/")[:LONGEST_SHOWN]
        self._send(self._topics.answer, payloads.answer(asked, answer))
        if not answer.ok:
            self._refuse(topic, answer.problems)

    def _refuse(self, topic: str, problems: list[str]) -> None:
        if self._refused_due.due(time.monotonic()):
            _LOG.warning("mqtt: %s: refused: %s", shown_key(topic), "; ".join(problems))


def _check(config: MqttConfig) -> None:
    """Look at all that can be looked at without a connection."""
    problems = []
    for look in (password, _context):
        try:
            look(config)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError(problems)


def _context(config: MqttConfig) -> object:
    return tls_context(config.tls) if config.tls.enabled else None
