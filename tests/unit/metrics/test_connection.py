"""The port for Prometheus: where it listens, whom it lets wait, and how it ends."""

from __future__ import annotations

import gzip
import logging
import socket
import sys
from contextlib import ExitStack
from http.client import RemoteDisconnected

import pytest

from edge_daemon.config import parse_config
from edge_daemon.errors import ConfigError, EdgeDaemonError, MissingDependency
from edge_daemon.metrics import MetricsConnection, server
from tests.ports import free_port
from tests.unit.metrics.scene import Scene

GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    b"GET\r\n\r\n",
    b"GET /metrics HTTP/9.9\r\n\r\n",
    b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
]


def connected(scene: Scene) -> socket.socket:
    """Return a client that has not said anything."""
    host, _, port = scene.listen.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=30)


def test_an_address_that_is_taken_is_named() -> None:
    """Where somebody else listens the start fails with the key and the address, and can be stopped."""
    scene = Scene()
    with scene.running():
        other = MetricsConnection(scene.config, scene.inside)
        with pytest.raises(
            EdgeDaemonError, match=rf"prometheus\.listen: {scene.listen}: .* in use"
        ):
            other.start()
        other.stop(1.0)
        assert scene.samples()["edge_daemon_responsive"] == 1


def test_the_address_is_free_again_after_a_stop() -> None:
    """A connection that was stopped leaves its address, its thread and its events to the next."""
    scene = Scene()
    for _ in range(3):
        with scene.running():
            assert scene.inside.events.are_followed
            scene.text()
        assert not scene.inside.events.are_followed
        with pytest.raises(ConnectionRefusedError):
            connected(scene)


def test_an_address_that_is_none_is_refused() -> None:
    """A host that is not this machine's is an error at the start, a port that is none before it."""
    scene = Scene(listen="192.0.2.1:9740")
    with pytest.raises(EdgeDaemonError, match=r"192\.0\.2\.1:9740"):
        MetricsConnection(scene.config, scene.inside).start()
    with pytest.raises(ConfigError, match="prometheus: a port is 1 to 65535"):
        parse_config({"prometheus": "127.0.0.1:0"})


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("0.0.0.0", True)])  # noqa: S104
def test_an_address_for_others_is_warned_about(
    host: str, warns: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Listening for other machines works, and the log says who can read the figures then."""
    scene = Scene(listen=f"{host}:{free_port()}")
    with scene.running():
        assert scene.samples()["edge_daemon_responsive"] == 1
    found = [x for x in caplog.records if x.levelno >= logging.WARNING]
    assert [("who can reach" in x.message) for x in found] == ([True] if warns else [])


def test_ipv6() -> None:
    """An IPv6 address in brackets is listened at."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError as error:
        pytest.skip(f"there is no IPv6 here: {error}")
    scene = Scene(listen=f"[::1]:{port}")
    with scene.running():
        assert scene.samples()["edge_daemon_responsive"] == 1


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without prometheus-client the line that installs it is said."""
    for name in [x for x in sys.modules if x.startswith("edge_daemon.metrics.")]:
        if name != "edge_daemon.metrics.connection":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    scene = Scene()
    with pytest.raises(MissingDependency, match=r"pip install 'edge-daemon\[prometheus\]'"):
        MetricsConnection(scene.config, scene.inside)


@pytest.mark.parametrize("sent", GARBAGE, ids=lambda data: repr(data[:20]))
def test_garbage_is_answered_or_dropped(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What is no request for the page gets an error at most, and the next client its page."""
    scene = Scene()
    with scene.running():
        with connected(scene) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while more := client.recv(65536):
                    answer += more
            except ConnectionResetError:
                pass
        assert b"edge_daemon_" not in answer
        assert scene.samples()["edge_daemon_responsive"] == 1
    assert not [x for x in caplog.records if x.levelno >= logging.WARNING]


def test_another_page_is_not_there() -> None:
    """Only /metrics and / have the figures, packed for who asks for that."""
    scene = Scene()
    with scene.running():
        assert scene.fetch("/?x=1")[0] == 200
        assert scene.fetch("/etc/passwd")[0] == 404
        packed = scene.fetch("/metrics", **{"Accept-Encoding": "gzip"})[1]
    assert b"edge_daemon_responsive" in gzip.decompress(packed)


def test_silent_clients_do_not_keep_prometheus_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many clients the new are hung up on, until those that take too long have to go."""
    scene = Scene()
    with scene.running(), ExitStack() as clients:
        silent = [clients.enter_context(connected(scene)) for _ in range(server.MOST_CLIENTS)]
        refused = clients.enter_context(connected(scene))
        assert refused.recv(1) == b"", "it was let in beside as many as there may be"
        monkeypatch.setattr(server, "ONE_TAKES_S", 0.0)
        assert scene.samples()["edge_daemon_responsive"] == 1
        assert silent[0].recv(1) == b""


def test_a_collector_that_fails_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of ours costs that one answer, and stands in the log with its place."""
    scene = Scene()
    with scene.running():
        monkeypatch.delitem(scene.status, "condition")
        with pytest.raises(RemoteDisconnected):
            scene.text()
        monkeypatch.setitem(scene.status, "condition", "listening")
        assert scene.samples()["edge_daemon_responsive"] == 1
    (failed,) = [x for x in caplog.records if x.levelno >= logging.ERROR]
    assert failed.exc_info is not None
