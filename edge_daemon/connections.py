"""Ways in and out beside the control socket: each is loaded only where the configuration asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeAlias

from edge_daemon.config import Config
from edge_daemon.connection import Connection, Inside
from edge_daemon.control.desk import Desk
from edge_daemon.errors import ActionError, ConfigError, EdgeDaemonError, MissingDependency
from edge_daemon.events import Events
from edge_daemon.telemetry import Telemetry

_LOG = logging.getLogger(__name__)

STOP_CHANGED_S = 2.0
"""For all that a reload ends; the ring buffer holds the audio meanwhile."""
STOP_ONE_S = 0.7
"""For each at the daemon's end; a broker that hangs is not waited for any longer."""
STOP_FAILED_S = 0.5
"""For one that could not begin."""

Opener: TypeAlias = Callable[[Config, Inside], Connection]


def _mqtt(config: Config, inside: Inside) -> Connection:
    from edge_daemon.mqtt import MqttConnection

    return MqttConnection(config, inside)


def _web(config: Config, inside: Inside) -> Connection:
    from edge_daemon.web import WebConnection

    return WebConnection(config, inside)


def _prometheus(config: Config, inside: Inside) -> Connection:
    from edge_daemon.metrics import MetricsConnection

    return MetricsConnection(config, inside)


def _gpio(config: Config, inside: Inside) -> Connection:
    from edge_daemon.gpio import GpioConnection

    return GpioConnection(config, inside)


_OPENERS: dict[str, Opener] = {"mqtt": _mqtt, "web": _web, "prometheus": _prometheus, "gpio": _gpio}
"""By the section of the configuration that each goes by."""


def _is_wished(name: str, config: Config) -> bool:
    if name == "mqtt":
        return config.mqtt.host is not None
    if name == "gpio":
        return bool(config.gpio.buttons) or config.gpio.mute_led is not None
    return getattr(config, name).listen is not None


def connection_problems(config: Config) -> list[str]:
    """Return why what is wished cannot be had: extras that are missing, files that are wrong."""
    inside = Inside(Desk(), Events(), Telemetry())
    problems = []
    for name, opener in _OPENERS.items():
        try:
            if _is_wished(name, config):
                opener(config, inside)
        except ConfigError as error:
            problems += error.problems
        except MissingDependency as error:
            problems.append(str(error))
    return problems


Prepared: TypeAlias = "dict[str, Connection | None]"
"""Those whose section has changed, or that could not begin: built and not begun yet, or None for one that is to end."""


class Connections:
    """Those that the configuration in force asks for; empty at first.

    Parameters
    ----------
    inside : Inside
    """

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._config = Config()
        self._running: dict[str, Connection] = {}

    def prepare(self, config: Config) -> Prepared:
        """Build what another configuration changes; nothing of it runs yet.

        Raises
        ------
        ConfigError, MissingDependency
        """
        return {
            name: opener(config, self._inside) if _is_wished(name, config) else None
            for name, opener in _OPENERS.items()
            if getattr(config, name) != getattr(self._config, name) or self._failed(name)
        }

    def switch(self, prepared: Prepared, config: Config) -> None:
        """End what has changed and begin what was built in its place.

        What cannot begin is said in the log: the daemon listens without it.
        """
        self._config = config
        until_s = time.monotonic() + STOP_CHANGED_S
        for name, connection in prepared.items():
            before = self._running.pop(name, None)
            if before:
                _stop(name, before, max(0.05, until_s - time.monotonic()))
            if connection:
                self._start(name, connection)

    def publish(self, topic: str, payload: bytes, qos: int | None, retain: bool) -> None:
        """Hand a message to the broker.

        Raises
        ------
        ActionError
            There is none, or no room for the message.
        """
        connection = self._running.get("mqtt")
        if connection is None:
            raise ActionError(f"{topic}: there is no broker; set mqtt.host")
        connection.publish(topic, payload, qos, retain)  # type: ignore[attr-defined]  # no other has it

    def stop(self, until_s: float) -> None:
        """End all by this time of the monotonic clock, each in its turn."""
        for name, connection in self._running.items():
            _stop(name, connection, max(0.05, min(STOP_ONE_S, until_s - time.monotonic())))
        self._running.clear()

    def _start(self, name: str, connection: Connection) -> None:
        try:
            connection.start()
        except Exception as error:
            is_foreseen = isinstance(error, EdgeDaemonError)
            _LOG.error(
                "%s: %s; the daemon goes on without it", name, error, exc_info=not is_foreseen
            )
            _stop(name, connection, STOP_FAILED_S)
        else:
            self._running[name] = connection

    def _failed(self, name: str) -> bool:
        """Tell whether it is wished and could not begin: a reload tries it again."""
        return _is_wished(name, self._config) and name not in self._running


def _stop(name: str, connection: Connection, timeout_s: float) -> None:
    """End it; what goes wrong there must keep neither the daemon nor its end from going on."""
    try:
        connection.stop(timeout_s)
    except Exception:
        _LOG.exception("%s: an error at its end that is not foreseen", name)
