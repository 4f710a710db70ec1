"""paho's client, as the daemon wants it."""

from __future__ import annotations

from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_daemon.config import MqttConfig, read_secret
from edge_daemon.mqtt.payloads import OFFLINE
from edge_daemon.mqtt.tls import tls_context
from edge_daemon.mqtt.topics import Topics

V5: Final = MQTTProtocolVersion.MQTTv5
V311: Final = MQTTProtocolVersion.MQTTv311
CONNECT_TIMEOUT_S = 10.0
LARGEST_PACKET_BYTES = 1 << 20
"""That the broker may send."""


class _BoundedClient(Client):
    """paho's client keeps whatever comes in, and MQTT 3.1.1 has no way to tell a broker a limit."""

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > LARGEST_PACKET_BYTES:
            raise ConnectionError(
                f"a message of {bufsize} bytes; at most {LARGEST_PACKET_BYTES} are read"
            )
        return super()._sock_recv(bufsize)


def password(config: MqttConfig) -> str | None:
    """Read the password; None where there is none.

    Raises
    ------
    ValueError
        It cannot be read.
    """
    try:
        return None if config.password_from is None else read_secret(config.password_from)
    except ValueError as error:
        raise ValueError(f"mqtt.password_from: {error}") from None


def new_client(config: MqttConfig, topics: Topics, protocol: MQTTProtocolVersion) -> Client:
    """Return a client that is ready to connect; its password and certificates are read now.

    Raises
    ------
    ValueError
        One of them cannot be used.
    """
    client = _BoundedClient(
        CallbackAPIVersion.VERSION2,
        topics.device_id,
        clean_session=None if protocol == V5 else True,
        protocol=protocol,
        reconnect_on_failure=False,
    )
    client.connect_timeout = CONNECT_TIMEOUT_S
    client.will_set(topics.availability, OFFLINE, config.qos, retain=True)
    if config.username is not None:
        client.username_pw_set(config.username, password(config))
    if config.tls.enabled:
        client.tls_set_context(tls_context(config.tls))
    port = config.port or (8883 if config.tls.enabled else 1883)
    if protocol == V5:
        limits = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        limits.MaximumPacketSize = LARGEST_PACKET_BYTES
        client.connect_async(
            str(config.host), port, config.keepalive_s, clean_start=True, properties=limits
        )
    else:
        client.connect_async(str(config.host), port, config.keepalive_s)
    return client
