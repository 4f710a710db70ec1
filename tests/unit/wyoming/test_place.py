"""Where the service listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_daemon.config.address import ListenAddress
from edge_daemon.wyoming.place import parse_uri, uri_of


@pytest.mark.parametrize(
    ("uri", "place", "is_loopback"),
    [
        ("tcp://127.0.0.1:10400", ListenAddress("127.0.0.1", 10400), True),
        ("tcp://[::1]:10400", ListenAddress("::1", 10400), True),
        ("tcp://localhost:0", ListenAddress("localhost", 0), True),
        ("tcp://0.0.0.0:10400", ListenAddress("0.0.0.0", 10400), False),  # noqa: S104
        ("tcp://kitchen.local:10400", ListenAddress("kitchen.local", 10400), False),
    ],
)
def test_address(uri: str, place: ListenAddress, is_loopback: bool) -> None:
    """An address is read, written as it was, and known to be this machine's own or not."""
    assert parse_uri(uri) == place
    assert uri_of(place) == uri
    assert place.is_loopback == is_loopback


def test_path_of_a_socket() -> None:
    """A Unix socket is named by its path."""
    assert parse_uri("unix:///run/wyoming.sock") == Path("/run/wyoming.sock")
    assert uri_of(Path("/run/wyoming.sock")) == "unix:///run/wyoming.sock"


@pytest.mark.parametrize(
    "uri",
    ["", "10400", "127.0.0.1:10400", "tcp://127.0.0.1", "tcp://:10400", "tcp://h:99999", "tcp://h:x",
     "tcp://h:1/path", "http://h:1", "unix://socket", "unix://", "stdio://", "tcp://[::1:10400"],
)  # fmt: skip
def test_other_places_are_refused(uri: str) -> None:
    """What is no such address is refused with an example of one."""
    with pytest.raises(ValueError, match="for example tcp://127"):
        parse_uri(uri)
