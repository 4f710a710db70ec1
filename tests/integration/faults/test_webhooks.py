"""Servers and name servers that misbehave: neither audio nor another action waits for them."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.integration.command_line import RUN, RunningDaemon
from tests.integration.faults.conftest import N_WORDS
from tests.integration.faults.scene import Heard, Scene, assert_nothing_was_lost, words
from tests.integration.whole_request import take

LIMIT_S = 60
"""The longest that a webhook may be given; nothing here ends because of it."""
GIGABYTE = 2**30
_PIECE = b"x" * 65536

Talk = Callable[[socket.socket], None]


class Servers:
    """Listeners on the loopback interface, each with a way of its own to misbehave."""

    def __init__(self) -> None:
        self.release = threading.Event()
        """Lets the servers that hang go."""
        self._listeners: list[socket.socket] = []

    def url(self, talk: Talk, scheme: str = "http") -> str:
        """Serve like this; return the address."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, talk), daemon=True).start()
        return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"

    def _accept(self, listener: socket.socket, talk: Talk) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=_serve, args=(connection, talk), daemon=True).start()

    def hangs(self, _: socket.socket) -> None:
        """Answer nothing until the test is over."""
        self.release.wait()

    def drips(self, connection: socket.socket) -> None:
        """Send a byte of a header now and then."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.release.wait(0.2):
            connection.sendall(b"x")

    def close(self) -> None:
        """Be gone."""
        self.release.set()
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def _serve(connection: socket.socket, talk: Talk) -> None:
    with connection, suppress(OSError):
        take(connection)
        talk(connection)


def _sends(*parts: bytes) -> Talk:
    def talk(connection: socket.socket) -> None:
        for part in parts:
            connection.sendall(part)

    return talk


def _sends_a_gigabyte_after(beginning: bytes) -> Talk:
    return _sends(beginning, *[_PIECE] * (GIGABYTE // len(_PIECE)))


REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
BAD: dict[str, Talk] = {
    "redirects": _sends(REDIRECT),
    "sends a gigabyte as a header": _sends_a_gigabyte_after(b"HTTP/1.1 200 OK\r\nX-Long: "),
    "sends a gigabyte as a status": _sends_a_gigabyte_after(b"HTTP/1.1 200 "),
    "closes at once": _sends(),
    "speaks no HTTP": _sends(b"SSH-2.0-OpenSSH_9.2\r\n"),
}
GOOD: dict[str, Talk] = {
    "closes in the middle of a header": _sends(b"HTTP/1.1 200 OK\r\nX-Cut"),
    "sends a gigabyte as its answer": _sends_a_gigabyte_after(b"HTTP/1.1 200 OK\r\n\r\n"),
    "promises more than it sends": _sends(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nx"),
}


@pytest.fixture
def servers() -> Iterator[Servers]:
    """Servers that end with the test."""
    found = Servers()
    yield found
    found.close()


def webhook(url: str) -> dict[str, object]:
    """Return a rule that posts every word, once."""
    return {
        "say": "*",
        "webhook": {"url": url, "retries": 0, "timeout_s": LIMIT_S, "backoff_s": 60},
    }


def test_neither_audio_nor_actions_wait_for_a_server(
    scene: Scene, reference: Heard, servers: Servers
) -> None:
    """While servers refuse, hang, drip and flood, all audio is worked on and other actions are done.

    At SIGTERM the requests that hang are cancelled and counted.
    """
    audio = words(N_WORDS)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        refuses = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    hanging = [
        servers.url(servers.hangs),
        servers.url(servers.drips),
        servers.url(servers.hangs, "https"),
    ]
    bad = [refuses, *map(servers.url, BAD.values())]
    rules = [webhook(url) for url in (*hanging, *bad, *map(servers.url, GOOD.values()))]
    rules.append({"say": "*", "log": "actions.jsonl"})
    with scene.daemon(actions=rules, action_worker={"queue": 1024}) as daemon:
        daemon.wait_for("listening to")
        summary = scene.say(audio, daemon)
        assert_nothing_was_lost(summary, audio)
        # the first at each bad server fails, and others wait; neither a log nor a good server does
        while summary["actions"]["failed"] < len(bad) or summary["actions"]["done"] < (
            (1 + len(GOOD)) * len(reference)
        ):
            summary = daemon.summary()
        assert summary["process"]["peak_rss_bytes"] < 150 * 2**20
        assert daemon.stop(signal.SIGTERM) == 0, daemon.lines
    assert scene.heard() == reference
    assert len((scene.folder / "actions.jsonl").read_text().splitlines()) == len(reference)
    last = scene.records("summary")[-1]
    ended = [last[f"actions_{what}"] for what in ("done", "failed", "dropped")]
    assert sum(ended) == len(rules) * len(reference)


IN_A_NETWORK_WITHOUT_ANSWERS = """
import ctypes, fcntl, os, socket, struct, subprocess, sys
folder, program = sys.argv[1], sys.argv[2:]
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
name = struct.pack("16sH14x", b"lo", 0)
flags = struct.unpack("16sH14x", fcntl.ioctl(server, SIOCGIFFLAGS, name))[1]
fcntl.ioctl(server, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
server.bind(("127.0.0.1", 53))
server.set_inheritable(True)
for name, text in (("resolv.conf", "nameserver 127.0.0.1\\n"), ("nsswitch.conf", "hosts: dns\\n")):
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)
    subprocess.run(["mount", "--bind", f"{folder}/{name}", os.path.realpath(f"/etc/{name}")], check=True)
print("a name server that never answers", file=sys.stderr, flush=True)
os.execv(program[0], program)
"""
"""Becomes the program in a network where the one name server takes questions and is silent."""


def _in_a_silent_network(scene: Scene) -> tuple[str, ...]:
    return (
        "unshare", "--mount", "--propagation", "private", "--net",
        sys.executable, "-c", IN_A_NETWORK_WITHOUT_ANSWERS, str(scene.folder), *RUN,
    )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root")
def test_a_name_that_nobody_resolves(scene: Scene, reference: Heard) -> None:
    """While a look-up hangs, all audio is worked on, other actions are done, and SIGTERM ends it."""
    audio = words(N_WORDS)
    rules = [webhook("http://lamp.example/"), {"say": "*", "log": "actions.jsonl"}]
    with scene.daemon(program=_in_a_silent_network(scene), actions=rules) as daemon:
        _skip_without_a_network(daemon)
        daemon.wait_for("listening to")
        summary = scene.say(audio, daemon)
        assert_nothing_was_lost(summary, audio)
        while summary["actions"]["done"] < len(reference):
            summary = daemon.summary()
        assert summary["actions"] == {"done": len(reference), "failed": 0, "dropped": 0}
        assert daemon.stop(signal.SIGTERM) == 0
    assert scene.heard() == reference
    assert scene.records("summary")[-1]["actions_failed"] == len(reference)


def _skip_without_a_network(daemon: RunningDaemon) -> None:
    try:
        daemon.wait_for("a name server that never answers")
    except AssertionError as failure:
        if "unshare" in str(failure) or "mount" in str(failure):
            pytest.skip(f"no network of its own can be made here: {failure}")
        raise
