"""The names of the topics of one device."""

from __future__ import annotations

import re
import socket
from urllib.parse import quote, unquote

from edge_daemon.config import MqttConfig

_NO_ID = re.compile(r"[^A-Za-z0-9_-]")


class Topics:
    """Every topic of the device that ``mqtt.name`` names, or this host.

    Parameters
    ----------
    config : MqttConfig
    """

    def __init__(self, config: MqttConfig) -> None:
        self.name = config.name or _NO_ID.sub("_", socket.gethostname()) or "unnamed"
        self.device_id = f"edge-daemon-{self.name}"
        """The client's id, and that of the device in Home Assistant."""
        self.base = f"{config.topic}/{self.name}"
        self.availability = f"{self.base}/availability"
        self.state = f"{self.base}/state"
        self.telemetry = f"{self.base}/telemetry"
        self.answer = f"{self.base}/answer"
        self.all_commands = f"{self.base}/command/#"
        prefix = config.discovery
        self.discovery = None if prefix is None else f"{prefix}/device/{self.device_id}/config"
        """Where Home Assistant is told of the device; None: it is not."""
        self.birth = None if prefix is None else f"{prefix}/status"
        """Where Home Assistant says that it has started."""

    def detections(self, word: str) -> str:
        """Return the topic of a word."""
        return f"{self.base}/detections/{_level(word)}"

    def command(self, name: str, word: str | None = None) -> str:
        """Return the topic of a command, about a word if it is about one."""
        topic = f"{self.base}/command/{name}"
        return topic if word is None else f"{topic}/{_level(word)}"

    def command_of(self, topic: str) -> tuple[str, str | None]:
        """Undo `command`: return its name and the word."""
        name, slash, word = topic.removeprefix(f"{self.base}/command/").partition("/")
        return name, unquote(word) if slash else None


def _level(word: str) -> str:
    """Return a word as one level of a topic: %, /, + and # as in an address, %2F for a slash."""
    return "".join(quote(x, safe="") if x in "%/+#\0" else x for x in word)
