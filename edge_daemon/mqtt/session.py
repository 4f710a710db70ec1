"""One connection to the broker, from its beginning to its end."""

from __future__ import annotations

import re
import select
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import LogLevel, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_daemon.config import MqttConfig
from edge_daemon.mqtt.client import CONNECT_TIMEOUT_S, V5, new_client
from edge_daemon.mqtt.outbox import Message
from edge_daemon.mqtt.topics import Topics

MAX_IN_FLIGHT = 20
"""Messages that are sent before the first of them is acknowledged."""
UNKNOWN_PROTOCOL = "Unsupported protocol version"
"""The refusal of a broker that is too old."""
_PAPERWORK = re.compile(r"^failed to \w+ on socket: |\[Errno \d+\] | \(_ssl\.c:\d+\)")
"""In what paho says: of no use to who reads the log."""
_NO_REASON = "Unspecified error"
_AROUND_BYTES = 12
"""At most, what a packet has beside topic and payload."""

Take: TypeAlias = Callable[[str, bytes, bool], object]
"""Is given topic, payload and whether the broker had kept it."""


class Session:
    """A client of paho that lives as long as one connection; one thread alone may touch it.

    paho's own thread is not used: it keeps to itself why a connection could not be made, and ends
    on what is no OSError, such as a name that no host can have.

    Parameters
    ----------
    config : MqttConfig
        Its password and certificates are read now: they may have changed since the session before.
    topics : Topics
    protocol : MQTTProtocolVersion
    take : callable
        Takes what comes in.

    Raises
    ------
    ValueError
        The password or a certificate cannot be used.
    """

    def __init__(
        self, config: MqttConfig, topics: Topics, protocol: MQTTProtocolVersion, take: Take
    ) -> None:
        self._config = config
        self._protocol = protocol
        self._take = take
        self._client = new_client(config, topics, protocol)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_log = self._on_log
        self._in_flight: dict[int, Message] = {}
        self._max_in_flight = MAX_IN_FLIGHT
        self._largest_packet_bytes: int | None = None
        self._asked: dict[int, str] = {}
        self._began_s = time.monotonic()
        self._last_error = ""
        self.is_connected = False
        self.was_answered = False
        """The broker has said something to this protocol, be it no."""
        self.refusal = ""
        """Why the broker took no connection, in its words."""
        self.end = ""
        """Why the connection is over; empty while it is not."""
        self.denied: list[str] = []
        """Topics that the broker does not let us listen to, or publish this message to."""

    def open(self) -> None:
        """Connect; the broker's answer comes later.

        Raises
        ------
        OSError, ValueError
            It cannot be reached.
        """
        self._client.reconnect()
        sock = self._client.socket()
        if isinstance(sock, socket.socket):  # the second of two messages is not to wait for an ACK
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: Message) -> None:
        """Publish; while it is not acknowledged it stands in `unacknowledged`."""
        if self._is_too_large(message):
            self.denied.append(message.topic)
            return
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain)
        if message.qos:
            self._in_flight[info.mid] = message

    def listen_to(self, topic: str) -> None:
        """Have what others publish there handed over, but not what they had published before."""
        self._subscribe(topic, kept=False)

    def look_up(self, topic: str) -> None:
        """Have the retained message of a topic handed over, too."""
        self._subscribe(topic, kept=True)

    def disconnect(self) -> None:
        """Say goodbye: the broker keeps the last will to itself."""
        self._client.disconnect()

    @property
    def unacknowledged(self) -> list[Message]:
        """What the broker may not have got."""
        return list(self._in_flight.values())

    @property
    def age_s(self) -> float:
        """Time since it began."""
        return time.monotonic() - self._began_s

    @property
    def has_room(self) -> bool:
        """One more message may be sent."""
        is_behind = self._client.want_write() or len(self._in_flight) >= self._max_in_flight
        return self.is_connected and not is_behind

    def step(self, wake: socket.socket, timeout_s: float) -> None:
        """Read and write what there is; else wait for it, for this time, or for ``wake``."""
        sock = self._client.socket()
        if sock is None:
            self.end = self.end or self._why("the connection is closed")
            return
        waiting = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
        ready = select.poll()
        wanted = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        ready.register(sock, wanted)
        ready.register(wake, select.POLLIN)
        events = dict(ready.poll(0 if waiting else 1000 * timeout_s)).get(sock.fileno(), 0)
        if waiting or events & ~select.POLLOUT:
            self._client.loop_read()
        if events & select.POLLOUT:
            self._client.loop_write()
        self._client.loop_misc()
        if not self.was_answered and self.age_s > CONNECT_TIMEOUT_S:
            self.end = self.end or "no answer in time"

    def close(self) -> None:
        """Let go of the socket; without `disconnect` the broker publishes the last will."""
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _subscribe(self, topic: str, *, kept: bool) -> None:
        qos = self._config.qos
        if self._protocol == V5:
            handling = (
                SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
                if kept
                else SubscribeOptions.RETAIN_DO_NOT_SEND
            )
            options = SubscribeOptions(qos, retainAsPublished=False, retainHandling=handling)
            _, mid = self._client.subscribe(topic, options=options)
        else:
            _, mid = self._client.subscribe(topic, qos)
        if mid is not None:
            self._asked[mid] = topic

    def _is_too_large(self, message: Message) -> bool:
        """Tell whether the broker would hang up on it, and again when it is sent again."""
        n_bytes = len(message.topic.encode()) + len(message.payload) + _AROUND_BYTES
        return self._largest_packet_bytes is not None and n_bytes > self._largest_packet_bytes

    def _why(self, otherwise: str) -> str:
        return self._last_error or otherwise

    def _on_connect(self, _c: Client, _u: Any, _f: Any, code: ReasonCode, told: Any) -> None:
        if code.is_failure:
            self.refusal = str(code)
        self.was_answered = self.refusal != UNKNOWN_PROTOCOL
        self.is_connected = not code.is_failure
        wished = getattr(told, "ReceiveMaximum", MAX_IN_FLIGHT)  # it may take fewer at a time
        self._max_in_flight = min(MAX_IN_FLIGHT, wished)
        self._largest_packet_bytes = getattr(told, "MaximumPacketSize", None)

    def _on_disconnect(self, _c: Client, _u: Any, _f: Any, code: ReasonCode, _p: Any) -> None:
        said = "" if code.getName() == _NO_REASON else str(code)
        self.end = self.end or said or self._why("it was closed at the other end")
        self.is_connected = False

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # no broker that keeps to the standard lets it through
        self._take(topic, bytes(message.payload), message.retain)

    def _on_publish(self, _c: Client, _u: Any, mid: int, code: ReasonCode, _p: Any) -> None:
        message = self._in_flight.pop(mid, None)
        if message and code.is_failure:
            self.denied.append(message.topic)

    def _on_subscribe(
        self, _c: Client, _u: Any, mid: int, codes: list[ReasonCode], _p: Any
    ) -> None:
        topic = self._asked.pop(mid, None)
        if topic and any(code.is_failure for code in codes):
            self.denied.append(topic)

    def _on_log(self, _client: Client, _userdata: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._last_error = _PAPERWORK.sub("", text)
