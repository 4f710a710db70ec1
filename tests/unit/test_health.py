"""What systemd is told while something is opened, by datagrams for real."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon.health import Health


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Stand where systemd listens."""
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(10.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        yield listener


def test_a_long_opening_asks_for_time_and_shows_itself(systemd: socket.socket) -> None:
    """An engine of TensorRT takes minutes, in which the start must not be given up."""
    health = Health()
    assert systemd.recv(4096) == b"STATUS=starting"
    with health.opening("mine.onnx", every_s=0.001):
        assert systemd.recv(4096) == b"EXTEND_TIMEOUT_USEC=60000000"
        assert systemd.recv(4096).startswith(b"STATUS=opening mine.onnx for ")
    health.stopping()
    told = list(iter(lambda: systemd.recv(4096), b"STOPPING=1\nSTATUS=stopping"))
    assert told[-1] == b"STATUS=starting", "what is open is no longer said to be opened"


def test_a_short_opening_says_nothing(systemd: socket.socket) -> None:
    """The usual start takes no time worth telling."""
    health = Health()
    assert systemd.recv(4096) == b"STATUS=starting"
    with health.opening("mine.onnx"):
        pass
    health.stopping()
    assert systemd.recv(4096) == b"STOPPING=1\nSTATUS=stopping"


def test_an_error_ends_the_opening(systemd: socket.socket) -> None:
    """It goes on to whoever opens, and nobody is told that it still opens."""
    health = Health()
    systemd.recv(4096)
    with pytest.raises(ValueError, match="broken"), health.opening("mine.onnx"):
        raise ValueError("broken")
    health.stopping()
    assert systemd.recv(4096).startswith(b"STOPPING=1")
