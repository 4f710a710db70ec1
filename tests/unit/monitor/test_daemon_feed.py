"""The monitor follows a control socket, through everything that happens to it."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from edge_daemon.control.messages import Answer, answer_line
from edge_daemon.events import Event, Heard, event_line
from edge_daemon.monitor.daemon_feed import DaemonFeed
from edge_daemon.monitor.feed import Lost, News, Refused
from tests.unit.monitor.told import heard, live, state

PATIENCE_S = 20.0
Feed: TypeAlias = "tuple[DaemonFeed, queue.SimpleQueue[News]]"


class Desk:
    """A daemon's end of the socket: one client after the other, told what a test says."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._listener.settimeout(PATIENCE_S)

    def take(self) -> tuple[socket.socket, dict[str, object]]:
        """Return the next client, and what it asks."""
        client, _ = self._listener.accept()
        client.settimeout(PATIENCE_S)
        with client.makefile("rb") as lines:
            return client, json.loads(lines.readline())

    def close(self) -> None:
        """End it."""
        self._listener.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Listen at a socket."""
    found = Desk(tmp_path / "control.sock")
    yield found
    found.close()


@pytest.fixture
def feed(tmp_path: Path, desk: Desk) -> Iterator[Feed]:
    """Follow it."""
    found: DaemonFeed = DaemonFeed([tmp_path / "control.sock"], retry_s=0.01)
    news: queue.SimpleQueue[News] = queue.SimpleQueue()
    found.start(news.put)
    yield found, news
    found.stop()


def tell(client: socket.socket, *events: Event) -> None:
    """Accept what was asked, and send events."""
    client.sendall(answer_line(Answer(ok=True)) + b"".join(map(event_line, events)))


def test_it_follows_live(desk: Desk, feed: Feed) -> None:
    """It asks for live events without their picture, and every event arrives as it was told."""
    _, news = feed
    client, asked = desk.take()
    told: list[Event] = [state(), live(yes=0.5), heard()]
    tell(client, *told)
    assert asked == {"do": "follow", "live": True, "picture": False}
    assert [news.get(timeout=PATIENCE_S) for _ in told] == told
    client.close()


def test_a_lost_daemon_is_told_and_found_again(desk: Desk, feed: Feed) -> None:
    """It hangs up: that is news, and the next connection is followed as the first one was."""
    _, news = feed
    for _ in range(2):
        client, _ = desk.take()
        tell(client, state())
        assert news.get(timeout=PATIENCE_S) == state()
        client.close()
        lost = news.get(timeout=PATIENCE_S)
        assert isinstance(lost, Lost)
        assert "hung up" in lost.why


def test_events_of_a_newer_daemon_are_passed_over(desk: Desk, feed: Feed) -> None:
    """What this version does not know does not end it."""
    _, news = feed
    client, _ = desk.take()
    client.sendall(
        answer_line(Answer(ok=True)) + b'{"event":"sung","at":1}\n' + event_line(heard())
    )
    assert isinstance(news.get(timeout=PATIENCE_S), Heard)
    client.close()


def test_what_is_no_daemon_is_lost(desk: Desk, feed: Feed) -> None:
    """Nonsense at the other end is told, and the feed lives on."""
    _, news = feed
    for nonsense in (b"HTTP/1.1 400 Bad Request\r\n", answer_line(Answer(ok=True)) + b"]\n"):
        client, _ = desk.take()
        client.sendall(nonsense)
        client.close()
        assert isinstance(news.get(timeout=PATIENCE_S), Lost)


def test_a_key_that_is_refused_is_told(desk: Desk, feed: Feed) -> None:
    """Muting goes over a connection of its own, and its refusal is news."""
    found, news = feed
    following, _ = desk.take()
    found.set_muted(True)
    client, asked = desk.take()
    client.sendall(answer_line(Answer(ok=False, problems=["not now"])))
    assert asked["do"] == "mute"
    assert news.get(timeout=PATIENCE_S) == Refused("not now")
    client.close()
    following.close()


def test_its_threads_do_not_hold_up_the_end(feed: Feed) -> None:
    """A process that ends does not wait for a daemon to tell something."""
    _ = feed
    assert all(t.daemon for t in threading.enumerate() if t.name.startswith("monitor-"))
