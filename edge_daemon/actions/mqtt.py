"""Publish a message when a word is heard, by the daemon's connection to its broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from edge_daemon.config import MqttActionConfig
from edge_daemon.types import Detection

if TYPE_CHECKING:
    from edge_daemon.actions.rules import Publish


class MqttAction:
    """Hands the message of one rule to the connection, which sends it as soon as it can."""

    def __init__(self, config: MqttActionConfig, publish: Publish) -> None:
        self._config = config
        self._publish = publish

    def run(self, detection: Detection) -> None:
        """Hand it over; it is done when the broker's turn has come.

        Raises
        ------
        ActionError
            There is no broker, or too many messages wait for it.
        """
        text = self._config.payload
        told = json.dumps(detection.as_json()) if text is None else text
        payload = told.encode(errors="replace")
        self._publish(self._config.topic, payload, self._config.qos, self._config.retain)
