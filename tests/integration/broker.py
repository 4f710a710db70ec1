"""A real mosquitto on the loopback interface, and a second client that looks on."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.integration.sound_server import DIES_WITH_US
from tests.ports import free_port

PATIENCE_S = 20.0
"""What has not come by then does not come."""
_PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
_CERTIFICATE = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")

needs_mosquitto = pytest.mark.skipif(
    _PROGRAM is None, reason="needs Debian's package mosquitto, the real broker"
)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of our own."""

    folder: Path

    @property
    def certificate(self) -> Path:
        """What is to be trusted."""
        return self.folder / "ca.pem"

    def sign(self, name: str, alternative: str) -> tuple[Path, Path]:
        """Return the certificate and the key of somebody who is reached by this name."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        command: list[str | Path] = [
            *_CERTIFICATE, "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-CA", self.certificate, "-CAkey", self.folder / "ca.key",
            "-addext", f"subjectAltName={alternative}", "-addext", "basicConstraints=CA:FALSE",
            "-keyout", key, "-out", certificate,
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True)
        key.chmod(0o644)  # mosquitto gives up root before it reads it
        return certificate, key


def make_authority(folder: Path) -> Authority:
    """Make a certificate authority in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        *_CERTIFICATE, "-nodes", "-days", "2", "-subj", "/CN=Test CA",
        "-keyout", folder / "ca.key", "-out", folder / "ca.pem",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return Authority(folder)


class Broker:
    """mosquitto as a process; ended with the test.

    Parameters
    ----------
    folder : Path
    settings : str
        Further lines of its configuration.
    users : mapping, optional
        Passwords by name; without them everybody may connect.
    """

    def __init__(
        self, folder: Path, settings: str = "", users: Mapping[str, str] | None = None
    ) -> None:
        self.port = free_port()
        self._config = folder / f"mosquitto-{self.port}.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            f"allow_anonymous {'false' if users else 'true'}",
        ]
        if users:
            lines.append(f"password_file {_password_file(folder, users)}")
        self._config.write_text("\n".join([*lines, "user root", settings, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        """Start it, and return when it takes connections."""
        assert _PROGRAM is not None
        self._process = subprocess.Popen(
            [*DIES_WITH_US, _PROGRAM, "-c", self._config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            assert self._process.poll() is None, f"mosquitto refuses {self._config.read_text()}"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            threading.Event().wait(0.02)
        raise AssertionError(f"mosquitto does not listen at {self.port}")

    def send_signal(self, number: int) -> None:
        """Send it a signal, such as SIGSTOP."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End it with a signal."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait()

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(signal.SIGKILL)


class Doorkeeper:
    """Stands before a broker and lets clients through, up to a version of the protocol.

    Parameters
    ----------
    behind : int
        The broker's port.
    port : int
        Its own; 0: any.
    newest : int
        4 is MQTT 3.1.1.
    """

    def __init__(self, behind: int, port: int = 0, newest: int = 5) -> None:
        self._behind = behind
        self._newest = newest
        self._server = socket.create_server(("127.0.0.1", port))
        self.port: int = self._server.getsockname()[1]
        self.swallows = threading.Event()
        """While it is set, what clients say goes nowhere."""
        self.has_swallowed = threading.Event()
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def hang_up(self) -> None:
        """End all connections."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # it is closed
            while True:
                client, _ = self._server.accept()
                self._clients.append(client)
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        connect = client.recv(4096)
        version = connect[connect.index(b"MQTT") + 4]
        if version > self._newest:
            client.sendall(b"\x20\x02\x00\x01")  # CONNACK: unacceptable protocol version
            client.close()
            return
        with client, socket.create_connection(("127.0.0.1", self._behind)) as server:
            server.sendall(connect)
            back = threading.Thread(target=self._pour, args=(server, client), daemon=True)
            back.start()
            self._pour(client, server, from_client=True)
            back.join()

    def _pour(
        self, source: socket.socket, sink: socket.socket, *, from_client: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_client and self.swallows.is_set():
                    self.has_swallowed.set()
                else:
                    sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Doorkeeper:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self.hang_up()


def _password_file(folder: Path, users: Mapping[str, str]) -> Path:
    path = folder / "passwords"
    path.touch()
    for name, password in users.items():
        command: list[str | Path] = ["mosquitto_passwd", "-b", path, name, password]
        subprocess.run(command, check=True, capture_output=True)
    return path


@dataclass(frozen=True)
class Got:
    """A message that came."""

    topic: str
    payload: bytes
    qos: int
    retain: bool

    @property
    def json(self) -> Any:
        """What it says."""
        return json.loads(self.payload)


class Observer:
    """Another client of the broker, that keeps all messages.

    Parameters
    ----------
    port : int
    topic : str
        What it listens to.
    qos : int
    login : tuple, optional
        Name and password.
    """

    def __init__(
        self, port: int, topic: str = "#", qos: int = 2, login: tuple[str, str] | None = None
    ) -> None:
        self.got: list[Got] = []
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._take
        self._client.reconnect_delay_set(1, 1)
        if login:
            self._client.username_pw_set(*login)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S), "the observer cannot subscribe"

    def _take(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        with self._news:
            payload = bytes(message.payload)
            self.got.append(Got(message.topic, payload, message.qos, message.retain))
            self._news.notify_all()

    def wait_for(
        self, topic: str, is_it: Callable[[Got], bool] = lambda _: True, since: int = 0
    ) -> Got:
        """Return the first message there that is it; ``since`` so many messages."""
        found: list[Got] = []

        def has_come() -> bool:
            found[:] = [x for x in self.got[since:] if x.topic == topic and is_it(x)]
            return bool(found)

        with self._news:
            if not self._news.wait_for(has_come, PATIENCE_S):
                seen = "\n".join(f"{x.topic} {x.payload[:100]!r}" for x in self.got[since:])
                raise AssertionError(f"nothing such at {topic}; there was\n{seen}")
        return found[0]

    def mark(self) -> int:
        """Return a ``since`` for what comes from now on."""
        return len(self.got)

    def publish(
        self, topic: str, payload: str | bytes, *, retain: bool = False, qos: int = 1
    ) -> None:
        """Publish a message, and return when the broker has it."""
        self._client.publish(topic, payload, qos, retain).wait_for_publish(PATIENCE_S)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Observer:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
