"""The page's server over real sockets: what it serves, to whom, and how much of it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from edge_daemon.config import Config, WebConfig, parse_config
from edge_daemon.connection import Inside
from edge_daemon.control import Answer, Desk
from edge_daemon.control.desk import Reply
from edge_daemon.control.messages import Request, Status, Threshold
from edge_daemon.errors import ConfigError, EdgeDaemonError, MissingDependency
from edge_daemon.events import Events, Happened, Heard, Live
from edge_daemon.telemetry import Telemetry
from edge_daemon.web import WebConnection, audience
from edge_daemon.web.serving import MOST_CONNECTIONS, MOST_MESSAGE_BYTES, MOST_PAGES
from tests.ports import free_port

TOKEN = "correct-horse-battery-staple"
WITHIN_S = 10.0
LIVE = Live(
    level_dbfs=-50.0, floor_dbfs=-60.0, is_open=True, scores={"yes": 0.5}, latency_ms=3.0,
    mel="AAAA", n_mels=3,
)  # fmt: skip
HEARD = Heard(label="yes", score=0.9, time_s=1.0)


class Served:
    """The page with a main loop that is the test itself."""

    def __init__(self, config: WebConfig) -> None:
        self._asked: list[tuple[Request, Reply]] = []
        self.events = Events()
        self.desk = Desk()
        self.address = config.listen or ""
        self.port = int(self.address.rpartition(":")[2])
        self.connection = WebConnection(
            Config(web=config), Inside(self.desk, self.events, Telemetry())
        )

    def get(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask over HTTP, with these headers besides the usual ones."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        client.request(method, path, headers=headers)
        response = client.getresponse()
        return response, response.read()

    def open(self, **headers: str) -> ClientConnection:
        """Open the WebSocket as a page does."""
        return connect(
            f"ws://{self.address}/events",
            additional_headers=headers,
            open_timeout=WITHIN_S,
            proxy=None,
        )

    def asked(self) -> tuple[Request, Reply]:
        """Return the next request at the desk, as the main loop does."""
        for _ in range(1000):
            self._asked += self.desk.take()
            if self._asked:
                return self._asked.pop(0)
            threading.Event().wait(0.01)
        raise AssertionError("no request came to the desk")

    def is_refused_in_the_end(self) -> bool:
        """Tell whether there comes a moment from which on no other page is let in."""
        for _ in range(1000):
            with self.open() as page:
                try:
                    page.recv(timeout=WITHIN_S)
                except ConnectionClosed as closed:
                    return "does not answer" in str(closed)
        return False

    def wait_until_live(self, is_live: bool) -> None:
        """Wait until live events are wished for, or no longer."""
        for _ in range(1000):
            if self.events.are_watched_live is is_live:
                return
            threading.Event().wait(0.01)
        raise AssertionError(f"are_watched_live stays {not is_live}")


def message(page: ClientConnection) -> dict[str, Any]:
    """Return the next message that is no mere sign of life."""
    while True:
        found: dict[str, Any] = json.loads(page.recv(timeout=WITHIN_S))
        if found["event"] != "pulse":
            return found


@pytest.fixture
def served() -> Iterator[Served]:
    """A page on loopback that is open to this machine."""
    served = Served(WebConfig(listen=f"127.0.0.1:{free_port()}"))
    served.connection.start()
    yield served
    served.connection.stop(WITHIN_S)


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Served]:
    """A page that needs a token."""
    secret = tmp_path / "token"
    secret.write_text(TOKEN + "\n")
    served = Served(WebConfig(listen=f"127.0.0.1:{free_port()}", token_from=str(secret)))
    served.connection.start()
    yield served
    served.connection.stop(WITHIN_S)


def test_the_page_is_whole_and_allows_nothing_else(served: Served) -> None:
    """Every file that the page names is served, from here only, and browsers are told so."""
    seen, waiting = set(), ["/"]
    while waiting:
        path = waiting.pop()
        response, body = served.get(path)
        assert response.status == 200, path
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["X-Frame-Options"] == "DENY"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        text = body.decode()
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), path
        assert "style=" not in text
        seen.add(path)
        named = re.findall(r'(?:src|href|from)[= ]"(?:\./)?([\w.]+)"', text)
        waiting += [f"/{name}" for name in named if f"/{name}" not in seen]
    assert len(seen) > 10


@pytest.mark.parametrize(
    "path",
    ["/../token.py", "/..%2ftoken.py", "/static/../../errors.py", "//etc/passwd", "/index.html/..",
     "/%2e%2e/token.py", "/index.html%00", "/nothing", "/session/", "*"],
)  # fmt: skip
def test_there_is_no_other_file(served: Served, path: str) -> None:
    """A path is a name in a list, and never a way through the file system."""
    assert served.get(path)[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_only_get_is_answered(served: Served, method: str) -> None:
    """Nothing can be changed by a request that a form or a link may send."""
    try:
        response, _ = served.get("/", method)
    except (http.client.HTTPException, ConnectionError):
        return  # older websockets libraries hang up
    assert response.status == 405
    assert response.headers["Allow"] == "GET"


def test_strangers_are_refused(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """A name that is not this machine's, and a page of another origin, get nothing, and a log line."""
    assert served.get("/", Host="evil.example")[0].status == 403
    assert served.get("/events", Host=f"evil.example:{served.port}")[0].status == 403
    for origin in ("http://evil.example", "null"):
        with pytest.raises(InvalidStatus, match="403"):
            served.open(Origin=origin)
    assert "evil.example" in caplog.text
    assert len(caplog.records) < 4, "one line for many"


def test_bad_requests_do_no_harm(served: Served) -> None:
    """What is no HTTP, is too long, or never ends, is hung up on; the page is served all the same."""
    for data in (
        b"\0\xff\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"GET /" + b"x" * 10**5,
    ):
        with socket.create_connection(("127.0.0.1", served.port), WITHIN_S) as raw:
            raw.sendall(data)
            try:
                while raw.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert served.get("/events")[0].status == 426
    assert served.get("/")[0].status == 200


def test_a_page_is_told_what_happens(served: Served) -> None:
    """It is greeted with what went before, then told each event; live ones while it is open only."""
    served.events.publish(HEARD)
    assert not served.events.are_watched_live
    with served.open() as page:
        hello = message(page)
        assert hello["event"] == "hello"
        assert [heard["label"] for heard in hello["heard"]] == ["yes"]
        served.wait_until_live(True)
        served.events.publish(LIVE)
        served.events.publish(Happened(kind="lost", text="no audio"))
        assert message(page) == msgspec.to_builtins(LIVE)
        assert message(page)["text"] == "no audio"
    served.wait_until_live(False)


def test_names_that_are_no_text_are_told(served: Served) -> None:
    """A file whose name is bytes of some other encoding keeps no page from being told, or opened."""
    named = Happened(kind="listening", text="file \udcff.wav")
    served.events.publish(named)
    with served.open() as page:
        assert message(page)["happened"][0]["text"] == "file ?.wav"
        served.events.publish(named)
        assert message(page)["text"] == "file ?.wav"


def test_a_daemon_that_hangs_gives_no_sign_of_life(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server lives in a thread of its own: alone it must not make a page believe in the rest."""
    monkeypatch.setattr(audience, "PULSE_S", 0.05)
    with served.open() as page:
        assert message(page)["event"] == "hello"
        request, reply = served.asked()
        assert request == Status()
        reply(Answer(ok=True))
        assert json.loads(page.recv(timeout=WITHIN_S))["event"] == "pulse"
        _, reply = served.asked()  # which hangs over it, from here on
        assert served.is_refused_in_the_end()
        with pytest.raises(TimeoutError):
            page.recv(timeout=0)
        reply(Answer(ok=True))
        assert json.loads(page.recv(timeout=WITHIN_S))["event"] == "pulse"
    with served.open() as page:
        assert message(page)["event"] == "hello"


def test_a_request_goes_to_the_desk_and_its_answer_comes_back(served: Served) -> None:
    """Answers are told apart by their numbers, whatever their order; other pages do not get them."""
    with served.open() as page, served.open() as other:
        assert message(other)["event"] == message(page)["event"] == "hello"
        for number, value in ((1, 0.5), (2, 0.7)):
            request = {"do": "threshold", "word": "yes", "value": value}
            page.send(json.dumps({"id": number, "request": request}))
        asked = [served.asked(), served.asked()]
        assert [request for request, _ in asked] == [Threshold("yes", 0.5), Threshold("yes", 0.7)]
        for (_, reply), answer in zip(
            reversed(asked), (Answer(ok=True), Answer(ok=False, problems=["no"])), strict=True
        ):
            reply(answer)
        assert message(page) == {"event": "answer", "id": 2, "answer": {"ok": True}}
        refused = {"event": "answer", "id": 1, "answer": {"ok": False, "problems": ["no"]}}
        assert message(page) == refused
        served.events.publish(HEARD)
        assert message(other)["event"] == "heard"


@pytest.mark.parametrize(
    ("sent", "number", "problem"),
    [
        ("", 0, "truncated"),
        ("[" * 2000, 0, "Expected"),
        (b"\xff\xfe", 0, "malformed"),
        ('{"id": -1, "request": {"do": "status"}}', 0, "id"),
        ('{"id": 7, "request": {"do": "explode"}}', 7, "explode"),
        ('{"id": 7, "request": {"do": "mute", "for_s": -1}}', 7, "for_s"),
        ('{"id": 7, "request": {"do": "follow"}}', 7, "page"),
    ],
)
def test_nonsense_is_answered(served: Served, sent: str | bytes, number: int, problem: str) -> None:
    """What is no request gets its reason, goes to no desk, and the page stays open."""
    with served.open() as page:
        assert message(page)["event"] == "hello"
        page.send(sent)
        found = message(page)
        assert found["id"] == number
        assert problem in found["answer"]["problems"][0], found
        assert served.desk.take() == []


def test_a_large_message_ends_the_connection(served: Served) -> None:
    """No page makes the daemon hold more than it needs."""
    with served.open() as page:
        page.send("x" * (MOST_MESSAGE_BYTES + 1))
        assert message(page)["event"] == "hello"
        with pytest.raises(ConnectionClosed) as closed:
            message(page)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


def test_there_is_a_limit_to_pages(served: Served) -> None:
    """One page too many is told why it is closed; when another one closes there is room again."""
    with ExitStack() as others:
        for _ in range(MOST_PAGES - 1):
            assert message(others.enter_context(served.open()))["event"] == "hello"
        with served.open() as last, served.open() as late:
            assert message(last)["event"] == "hello"
            with pytest.raises(ConnectionClosed, match="pages are open already"):
                message(late)
        with served.open() as late:
            assert message(late)["event"] == "hello"


def test_there_is_a_limit_to_connections(served: Served) -> None:
    """Whoever opens many and says nothing holds up nobody once they are closed."""
    with ExitStack() as idle:
        for _ in range(MOST_CONNECTIONS):
            idle.enter_context(socket.create_connection(("127.0.0.1", served.port), WITHIN_S))
        with socket.create_connection(("127.0.0.1", served.port), WITHIN_S) as late:
            assert _has_ended(late)
    for _ in range(1000):
        try:
            assert served.get("/")[0].status == 200
        except (http.client.HTTPException, ConnectionError):
            threading.Event().wait(0.01)  # not all are seen to be closed yet
        else:
            return
    raise AssertionError("the page is served no more")


def _has_ended(raw: socket.socket) -> bool:
    try:
        return raw.recv(1) == b""
    except ConnectionError:
        return True


def test_a_page_that_does_not_read_is_left(served: Served) -> None:
    """It loses the connection, while the others are told everything."""
    with served.open() as page, socket.create_connection(("127.0.0.1", served.port)) as stuck:
        assert message(page)["event"] == "hello"
        stuck.sendall(
            b"GET /events HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert stuck.recv(12) == b"HTTP/1.1 101"
        n, text = 600, "x" * 50_000
        for i in range(n):
            served.events.publish(Happened(kind=str(i), text=text))
            assert message(page)["kind"] == str(i)
        stuck.settimeout(WITHIN_S)
        received = 0
        try:
            while data := stuck.recv(1 << 16):
                received += len(data)
        except ConnectionError:
            pass
        assert received < n * len(text)


def test_the_token_opens_and_nothing_else(locked: Served) -> None:
    """Files are for all; whether and what is heard only for those who have the token."""
    assert locked.get("/")[0].status == 200
    assert locked.get("/session")[1] == b'{"open": false}'
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Cookie": f"edge_daemon_{locked.port}=x"},
    ):
        with pytest.raises(InvalidStatus, match="401"):
            locked.open(**headers)
    assert locked.get("/session", Authorization="Bearer wrong")[0].status == 401
    with locked.open(Authorization=f"Bearer {TOKEN}") as page:
        assert message(page)["event"] == "hello"


def test_the_token_is_exchanged_for_a_cookie(locked: Served) -> None:
    """Given once it gets a cookie, which opens the page from then on; no file sets one."""
    response, body = locked.get("/session", Authorization=f"Bearer {TOKEN}", Host="voice.example")
    assert body == b'{"open": true}'
    cookie = response.headers["Set-Cookie"].partition(";")[0]
    assert locked.get("/session", Cookie=cookie)[1] == b'{"open": true}'
    with locked.open(Cookie=cookie) as page:
        assert message(page)["event"] == "hello"
    assert "Set-Cookie" not in locked.get("/", Cookie=cookie)[0].headers


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "192.168.1.7:80", "10.0.0.1:8080"])
def test_other_addresses_need_a_token(listen: str) -> None:
    """The page is never open to other machines by mistake, and the message says what to do."""
    with pytest.raises(ConfigError) as refused:
        parse_config({"web": {"listen": listen}})
    assert listen in str(refused.value)
    assert "web.token_from" in str(refused.value)
    assert "openssl rand -hex 16" in str(refused.value)
    assert parse_config({"web": {"listen": listen, "token_from": "file"}}).web.listen == listen


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), ("x", "16 characters")])
def test_a_useless_token_is_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    """A token that is missing or short keeps the page closed."""
    if content is not None:
        (tmp_path / "token").write_text(content)
    with pytest.raises(ConfigError, match=r"web\.token_from") as refused:
        Served(WebConfig(listen="0.0.0.0:8080", token_from=str(tmp_path / "token")))
    assert reason in str(refused.value)


@pytest.mark.parametrize("listen", ["127.0.0.1:0", "127.0.0.1:65536"])
def test_an_impossible_port_is_refused(listen: str) -> None:
    """A port that is none is a mistake in the configuration."""
    with pytest.raises(ConfigError, match="a port is 1 to 65535"):
        parse_config({"web": listen})


def test_an_address_that_is_taken_is_said(served: Served) -> None:
    """The second server at an address cannot begin; the first one goes on."""
    second = Served(WebConfig(listen=served.address))
    with pytest.raises(EdgeDaemonError, match=f"{served.address}: Address already in use"):
        second.connection.start()
    second.connection.stop(WITHIN_S)
    assert served.get("/")[0].status == 200


@pytest.mark.parametrize("listen", ["kitchen.local:8080", "a..b:8080", "127.1:8080"])
def test_a_name_is_no_address_to_listen_at(listen: str) -> None:
    """To look it up may hold up who waits for it, and what it gives may be open to others."""
    with pytest.raises(ConfigError, match="is no address; write one of this machine's in digits"):
        parse_config({"web": {"listen": listen, "token_from": "/token"}})


def test_an_end_leaves_nothing_behind() -> None:
    """Pages are closed, the port is free at once, no thread stays; events after it are harmless."""
    before = threading.active_count()
    served = Served(WebConfig(listen=f"127.0.0.1:{free_port()}"))
    served.connection.stop(WITHIN_S)  # never begun
    served.connection.start()
    with served.open() as page, socket.create_connection(("127.0.0.1", served.port)):
        assert message(page)["event"] == "hello"
        page.send(json.dumps({"id": 1, "request": {"do": "status"}}))
        _, reply = served.asked()
        served.connection.stop(WITHIN_S)
        reply(Answer(ok=True))
        served.events.publish(HEARD)
        with pytest.raises(ConnectionClosed):
            message(page)
    assert not served.events.are_followed
    assert threading.active_count() == before
    again = Served(WebConfig(listen=served.address))
    again.connection.start()
    assert again.get("/")[0].status == 200
    again.connection.stop(WITHIN_S)


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the line to run."""
    monkeypatch.delitem(sys.modules, "edge_daemon.web.serving", raising=False)
    monkeypatch.setitem(sys.modules, "websockets.asyncio.server", None)
    with pytest.raises(MissingDependency, match=r"pip install 'edge-daemon\[web\]'"):
        Served(WebConfig(listen="127.0.0.1:8080"))


def test_a_daemon_without_a_page_loads_nothing_of_it() -> None:
    """Neither the server library nor an event loop is in its process."""
    code = (
        "import sys, edge_daemon.daemon; from edge_daemon.connections import Connections; "
        "print([x for x in ('edge_daemon.web', 'websockets', 'asyncio') if x in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
