"""WebhookAction against real servers on the loopback interface."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from edge_daemon.actions import build_actions
from edge_daemon.actions.delivery import GRACE_S, WebhookJob
from edge_daemon.actions.endpoint import MAX_ANSWER_BYTES
from edge_daemon.actions.webhook import MAX_IN_FLIGHT, WebhookAction, webhook_problem
from edge_daemon.config import WebhookConfig, parse_config
from edge_daemon.errors import ActionBusyError, ActionError
from edge_daemon.types import Detection
from tests.integration.whole_request import take
from tests.ports import free_port

ON_AFTER_LIGHT = Detection("on", 0.87654321, 12.3456, after="light")
GIVE_UP_S = 15.0


class ManualClock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class Server(ThreadingHTTPServer):
    """Answers with the statuses it was given, the last one for ever, and keeps the requests."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *statuses: int, body: bytes = b"ok") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses = list(statuses)
        self.body = body
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.sent_bytes = 0
        self.connection_ended = threading.Event()

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        self._record(self.rfile.read(int(self.headers["Content-Length"])))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", f"{self.server.url}/elsewhere")
        self.end_headers()
        self._send_body()

    def do_GET(self) -> None:
        self._record(b"")
        self.send_response(200)
        self.end_headers()

    def _record(self, body: bytes) -> None:
        self.server.requests.append((self.requestline, dict(self.headers), body))

    def _send_body(self) -> None:
        body = self.server.body
        with suppress(OSError):
            for i in range(0, len(body), 4096):
                self.wfile.write(body[i : i + 4096])
                self.server.sent_bytes += 4096
        self.server.connection_ended.set()

    def log_message(self, *_: object) -> None:
        pass


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that end with the test."""
    servers: list[Server] = []

    def serve(*statuses: int, body: bytes = b"ok") -> Server:
        server = Server(*statuses, body=body)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return server

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


Talk = Callable[[socket.socket], None]


@pytest.fixture
def raw_server() -> Iterator[Callable[[Talk], str]]:
    """Serve with a function over the bare connection; it may misbehave at will."""
    listeners: list[socket.socket] = []

    def serve(talk: Talk) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=accept, args=(listener, talk), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    def accept(listener: socket.socket, talk: Talk) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    take(connection)
                    talk(connection)

    yield serve
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def action(url: str, clock: ManualClock | None = None, **more: object) -> WebhookAction:
    """Make a webhook whose time stands still."""
    rule = {"say": "*", "webhook": {"url": url, **more}}
    config = parse_config({"actions": [rule]}).actions[0].webhook
    assert config is not None
    return WebhookAction(config, clock or ManualClock())


def attempt(job: WebhookJob) -> bool:
    """Poll until the attempt that is due, if any, is over, and return what the last poll said."""
    tick, is_done = threading.Event(), job.poll()
    while job.is_under_way:
        tick.wait(0.002)
        is_done = job.poll()
    return is_done


def test_request(serve: Serve) -> None:
    """The server gets the detection as JSON at the very path and query that were configured."""
    server = serve(200)
    job = action(f"{server.url}/api/hook?key=a%20b&x=ü", headers={"X-Token": "t"})
    assert attempt(job.run(ON_AFTER_LIGHT))
    [(line, headers, body)] = server.requests
    assert line == "POST /api/hook?key=a%20b&x=%C3%BC HTTP/1.1"
    assert json.loads(body) == {
        "label": "on",
        "score": 0.8765,
        "time_s": 12.346,
        "after": "light",
        "host": socket.gethostname(),
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "edge-daemon"
    assert headers["X-Token"] == "t"
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"


def test_own_headers_win(serve: Serve) -> None:
    """A configured header replaces the default one in whatever case it is written."""
    server = serve(200)
    assert attempt(action(server.url, headers={"user-agent": "mine"}).run(ON_AFTER_LIGHT))
    headers = server.requests[0][1]
    assert [v for k, v in headers.items() if k.lower() == "user-agent"] == ["mine"]


def test_credentials_in_the_address(serve: Serve) -> None:
    """User and password of the address are sent as basic authorization."""
    server = serve(200)
    url = server.url.replace("http://", "http://me:p%40ss@")
    assert attempt(action(url).run(ON_AFTER_LIGHT))
    assert server.requests[0][1]["Authorization"] == "Basic bWU6cEBzcw=="


def test_retry_until_it_works(serve: Serve) -> None:
    """Two failures of the server and then a success are a success, with doubling waits."""
    server, clock = serve(500, 503, 200), ManualClock()
    job = action(server.url, clock, backoff_s=1).run(ON_AFTER_LIGHT)
    assert not attempt(job)
    assert not attempt(job)  # not due yet
    assert len(server.requests) == 1
    clock.now += 1.0
    assert not attempt(job)
    clock.now += 1.9
    assert not attempt(job)
    assert len(server.requests) == 2
    clock.now += 0.1
    assert attempt(job)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [429, 500, 502])
def test_retries_end(serve: Serve, status: int) -> None:
    """A server that goes on failing is given up after the last retry."""
    server, clock = serve(status), ManualClock()
    job = action(server.url, clock, retries=2).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match=f"HTTP {status} .*; gave up after 3 attempts"):
        _go_on(job, clock)
    assert len(server.requests) == 3
    assert job.finished


def _go_on(job: WebhookJob, clock: ManualClock) -> None:
    for _ in range(20):
        if attempt(job):
            return
        clock.now += 1000.0


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_refusal_is_final(serve: Serve, status: int) -> None:
    """A request that the server refuses is not repeated, and its words are reported."""
    server = serve(status, body=b'{"error": "bad\ntoken"}')
    with pytest.raises(ActionError, match=f'HTTP {status} .*"bad token"'):
        attempt(action(server.url).run(ON_AFTER_LIGHT))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirect_is_not_followed(serve: Serve, status: int) -> None:
    """A redirect is a failure that says so."""
    server = serve(status)
    with pytest.raises(ActionError, match=f"HTTP {status} .*redirects are not followed"):
        attempt(action(server.url).run(ON_AFTER_LIGHT))
    assert len(server.requests) == 1


def test_path_stays_out_of_messages(serve: Serve) -> None:
    """A path, which often is a secret, stays out of error messages."""
    server = serve(404, body=b"")
    with pytest.raises(ActionError) as caught:
        attempt(action(f"{server.url}/api/webhook/s3cret").run(ON_AFTER_LIGHT))
    assert "s3cret" not in str(caught.value)


def test_nothing_overtakes_what_is_tried_again(serve: Serve) -> None:
    """What was said last arrives last: else a lamp would stay on after "on" and "off"."""
    server, clock = serve(503, 503, 200), ManualClock()
    webhook = action(server.url, clock, backoff_s=1)
    on, off = webhook.run(ON_AFTER_LIGHT), webhook.run(Detection("off", 0.9, 13.0, after=None))
    while not off.finished:
        for job in (on, off):
            attempt(job)
        clock.now += 1.0
    assert [json.loads(body)["label"] for _, _, body in server.requests] == ["on"] * 3 + ["off"]


def test_what_waits_goes_on_after_one_that_was_given_up(serve: Serve) -> None:
    """A detection that the server refuses holds the next one up no longer than it is tried."""
    server, clock = serve(404, 200), ManualClock()
    webhook = action(server.url, clock)
    first, second = webhook.run(ON_AFTER_LIGHT), webhook.run(ON_AFTER_LIGHT)
    assert not attempt(second)
    with pytest.raises(ActionError, match="HTTP 404"):
        attempt(first)
    assert attempt(second)


def test_refused_connection_is_retried() -> None:
    """A port where nothing listens is tried again and then given up with the reason."""
    clock = ManualClock()
    job = action(f"http://127.0.0.1:{free_port()}/", clock, retries=1).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="Connection refused; gave up after 2 attempts"):
        _go_on(job, clock)


def test_unknown_host_is_reported() -> None:
    """A host that cannot be resolved (here without asking a name server) is reported as such."""
    job = action("http://[fe80::1%25nosuchif]/", retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="name cannot be resolved"):
        attempt(job)


def test_server_that_never_answers(raw_server: Callable[[Talk], str]) -> None:
    """A server that takes the request and is silent costs one time limit."""
    url = raw_server(lambda connection: _wait_for_hang_up(connection))
    job = action(url, timeout_s=0.2, retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="no answer in time"):
        attempt(job)


def _wait_for_hang_up(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_server_that_drips(raw_server: Callable[[Talk], str]) -> None:
    """A server that sends a byte now and then is cut off by the limit on the whole answer."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:  # until the client hangs up, which raises
            connection.sendall(b"x")
            threading.Event().wait(0.02)

    job = action(raw_server(drip), timeout_s=0.3, retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="no answer in time"):
        attempt(job)


def test_answer_that_stops_in_its_body(raw_server: Callable[[Talk], str]) -> None:
    """Once the status has come, a body that does not come changes nothing."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")
        _wait_for_hang_up(connection)

    assert attempt(action(raw_server(talk), timeout_s=0.3).run(ON_AFTER_LIGHT))


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_answer_that_is_no_http(raw_server: Callable[[Talk], str], answer: bytes) -> None:
    """Something else than HTTP is an ActionError after the retries."""
    clock = ManualClock()
    job = action(raw_server(lambda c: c.sendall(answer)), clock, retries=1).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="gave up after 2 attempts"):
        _go_on(job, clock)


def test_an_echo_keeps_secrets_and_line_breaks_out_of_the_log(
    raw_server: Callable[[Talk], str],
) -> None:
    """Of an answer that is no HTTP nothing is quoted, and a status is one short line."""
    echo = raw_server(lambda c: c.sendall(b"POST /s3cret HTTP/1.1\r\nHost: x\r\n\r\n"))
    with pytest.raises(ActionError, match="no HTTP") as caught:
        attempt(action(f"{echo}s3cret", retries=0).run(ON_AFTER_LIGHT))
    assert "s3cret" not in str(caught.value)
    long = b"HTTP/1.1 404 \x1b[2Jno\x07" + b"o" * 5000 + b"\r\n\r\n"
    with pytest.raises(ActionError, match=r"HTTP 404 \[2Jno o+") as caught:
        attempt(action(raw_server(lambda c: c.sendall(long))).run(ON_AFTER_LIGHT))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "echo",
    [
        b"x" * 110 + b" /to/s3cret%2Fpath?token=abcdefgh",
        b"no such token: abcdefgh",
        b'{"unknown": "s3cret/path"}',
        b"wrong password p4ssw0rd, or key Zm9vYmFy",
    ],
)
def test_no_part_of_a_secret_is_quoted(raw_server: Callable[[Talk], str], echo: bytes) -> None:
    """A server repeats a part of the path, the password, or so much that it is cut in the middle."""
    url = raw_server(lambda c: c.sendall(b"HTTP/1.1 404 No\r\n\r\n" + echo))
    url = url.replace("//", "//me:p4ssw0rd@") + "to/s3cret%2Fpath?token=abcdefgh"
    with pytest.raises(ActionError, match="HTTP 404 No: ") as caught:
        attempt(action(url, headers={"X-Key": "Zm9vYmFy"}).run(ON_AFTER_LIGHT))
    said = str(caught.value)
    assert "***" in said or said.endswith("x")
    for part in ("s3c", "abc", "p4ss", "Zm9"):
        assert part not in said


def test_what_is_no_secret_is_quoted(raw_server: Callable[[Talk], str]) -> None:
    """An answer that names what every request of ours carries helps to find the mistake."""
    says = b"HTTP/1.1 415 No\r\n\r\ntext/plain is needed, not application/json of edge-daemon"
    with pytest.raises(ActionError, match="not application/json of edge-daemon"):
        attempt(action(raw_server(lambda c: c.sendall(says))).run(ON_AFTER_LIGHT))


@pytest.mark.parametrize("part", [b"x", b"X-Long: ", b"X-Other: 1\r\n", b"HTTP/1.1 100 Go\r\n\r\n"])
def test_an_answer_without_end_is_not_kept(raw_server: Callable[[Talk], str], part: bytes) -> None:
    """A status line, a header, headers or interim answers that never end cost one time limit."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"" if part.startswith((b"x", b"HTTP")) else b"HTTP/1.1 200 OK\r\n")
        connection.sendall(part)
        while True:  # until the client hangs up, which raises
            connection.sendall(64 * (part if part.endswith(b"\n") else b"x"))

    job = action(raw_server(talk), timeout_s=0.5, retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="gave up after 1 attempt"):
        attempt(job)


def test_a_body_shorter_than_its_length(raw_server: Callable[[Talk], str]) -> None:
    """A server that promises more than it sends, and hangs up, has taken the detection."""
    promise = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\npart"
    assert attempt(action(raw_server(lambda c: c.sendall(promise))).run(ON_AFTER_LIGHT))


def test_a_slow_tls_handshake(raw_server: Callable[[Talk], str]) -> None:
    """A server that takes the first bytes of TLS and is silent costs one time limit."""
    url = raw_server(_wait_for_hang_up).replace("http:", "https:")
    job = action(url, timeout_s=0.3, retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="no answer in time"):
        attempt(job)


def test_huge_answer_is_not_read(serve: Serve) -> None:
    """Of a body of 64 MiB only the beginning is taken; the connection is then closed."""
    server = serve(200, body=bytes(64 * 2**20))
    assert attempt(action(server.url).run(ON_AFTER_LIGHT))
    assert server.connection_ended.wait(GIVE_UP_S)
    # what the kernel's buffers take comes on top of what was read
    assert server.sent_bytes < MAX_ANSWER_BYTES + 32 * 2**20


def test_cancel_between_attempts(serve: Serve) -> None:
    """A job that is cancelled while it waits makes no further attempt."""
    server, clock = serve(500), ManualClock()
    job = action(server.url, clock).run(ON_AFTER_LIGHT)
    assert not attempt(job)
    job.cancel()
    clock.now += 1000
    with pytest.raises(ActionError, match="cancelled after 1 attempt"):
        attempt(job)
    assert len(server.requests) == 1


def test_waiting_requests_are_bounded() -> None:
    """While a server is away, no more than a few requests wait for it."""
    hook = action(f"http://127.0.0.1:{free_port()}/")
    for _ in range(MAX_IN_FLIGHT):
        assert not attempt(hook.run(ON_AFTER_LIGHT))
    with pytest.raises(ActionBusyError, match="requests are waiting"):
        hook.run(ON_AFTER_LIGHT)


def test_a_server_that_is_away_is_tried_once_a_round(serve: Serve) -> None:
    """Of requests that are due together, one finds out that the server is away, then all wait."""
    server, clock = serve(503, 503, 200), ManualClock()
    hook = action(server.url, clock, backoff_s=1)
    jobs = [hook.run(ON_AFTER_LIGHT) for _ in range(3)]
    for n_attempts in (1, 2):
        assert [attempt(job) for job in jobs] == [False] * 3
        assert len(server.requests) == n_attempts
        clock.now += n_attempts
    jobs.append(hook.run(ON_AFTER_LIGHT))
    assert [attempt(job) for job in jobs] == [True] * 4


def test_the_last_attempt_makes_the_others_wait_too(serve: Serve) -> None:
    """A request that gives up tells the others that the server is away."""
    server = serve(503)
    hook = action(server.url, retries=0)
    first, second = hook.run(ON_AFTER_LIGHT), hook.run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="gave up after 1 attempt"):
        attempt(first)
    assert not attempt(second)
    assert len(server.requests) == 1


def test_webhooks_of_one_server_share_its_absence(serve: Serve) -> None:
    """Two rules that post to paths of one server make one attempt a round between them."""
    server, other = serve(503), serve(200)
    urls = (f"{server.url}/on", f"{server.url}/off", other.url)
    config = parse_config({"actions": [{"say": "*", "webhook": url} for url in urls]})
    jobs = [rule.action.run(ON_AFTER_LIGHT) for rule in build_actions(config.actions)]
    first, second, third = (cast(WebhookJob, job) for job in jobs)
    assert [attempt(first), attempt(second), attempt(third)] == [False, False, True]
    assert len(server.requests) == 1


def test_addresses_of_a_host_share_the_time(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """A first address that never answers leaves time for the second."""
    server, silent = serve(200), _full_listener()
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        for port in (silent[0].getsockname()[1], server.server_port)
    ]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)
    assert attempt(action("http://two-addresses/", timeout_s=2).run(ON_AFTER_LIGHT))
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found[:1])
    job = action("http://one-address/", timeout_s=0.1, retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match="no answer in time"):
        attempt(job)
    for sock in silent:
        sock.close()


class HangingResolver:
    """Answers for the name server, when it is told to."""

    def __init__(self, port: int) -> None:
        self.asked = 0
        self.answers = threading.Event()
        self._address = ("127.0.0.1", port)

    def __call__(self, *_: object, **__: object) -> list[tuple[object, ...]]:
        """Hang until then."""
        self.asked += 1
        assert self.answers.wait(GIVE_UP_S)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", self._address)]


def test_a_look_up_that_hangs_holds_nobody(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls return at once, the limit holds, and no second look-up begins beside the first."""
    server, clock = serve(200), ManualClock()
    resolver = HangingResolver(server.server_port)
    monkeypatch.setattr("socket.getaddrinfo", resolver)
    hook = action("http://nobody-knows/", clock, timeout_s=5, retries=0)
    job, other = hook.run(ON_AFTER_LIGHT), hook.run(ON_AFTER_LIGHT)
    assert not job.poll()
    assert not other.poll()
    clock.now += 5 + GRACE_S
    with pytest.raises(ActionError, match=r"not even to the look-up .*; gave up after 1 attempt"):
        job.poll()
    clock.now += 1000
    assert not other.poll()
    assert resolver.asked == 1
    resolver.answers.set()
    while not other.is_under_way:
        assert not other.poll()
    assert attempt(other)
    assert resolver.asked == 2


def test_check_does_not_wait_for_a_look_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """``check`` says so when no name server answers within its limit."""
    monkeypatch.setattr("edge_daemon.actions.webhook.CHECK_TIMEOUT_S", 0.0)
    resolver = HangingResolver(0)
    monkeypatch.setattr("socket.getaddrinfo", resolver)
    problem = webhook_problem(WebhookConfig(url="http://nobody-knows/"))
    assert problem == "http://nobody-knows:80 cannot be reached: no answer in time"
    resolver.answers.set()


def _full_listener() -> list[socket.socket]:
    """Return a listener, and what fills it: it answers no further connection."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = socket.create_connection(listener.getsockname())
    return [listener, waiting]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a self-signed certificate for 127.0.0.1, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed, which makes the certificate")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subject = ["-subj", "/CN=edge-daemon test", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(path), "-out", str(path) + ".crt"]
    command = ["openssl", "req", "-x509", *key, "-days", "2", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def tls_server(serve: Serve, certificate: Path) -> Server:
    """Serve HTTPS with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = serve(200)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def test_certificate_that_nobody_vouches_for(tls_server: Server) -> None:
    """A self-signed certificate is refused at once, with the reason, and nothing is sent."""
    url = tls_server.url.replace("http:", "https:")
    with pytest.raises(ActionError, match=r"certificate is not trusted: self.signed"):
        attempt(action(url).run(ON_AFTER_LIGHT))
    assert tls_server.requests == []
    problem = webhook_problem(WebhookConfig(url=url))
    assert problem is not None
    assert "certificate is not trusted" in problem


def test_certificate_that_the_system_trusts(
    tls_server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate among the system's trusted ones is accepted, and the request goes through."""
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    url = tls_server.url.replace("http:", "https:")
    assert attempt(action(url).run(ON_AFTER_LIGHT))
    assert len(tls_server.requests) == 1
    assert webhook_problem(WebhookConfig(url=url)) is None


def test_https_to_a_plain_server(serve: Serve) -> None:
    """A server that does not speak TLS is an ActionError, not a request in the clear."""
    server = serve(200)
    job = action(server.url.replace("http:", "https:"), timeout_s=1, retries=0).run(ON_AFTER_LIGHT)
    with pytest.raises(ActionError, match=r"https://127\.0\.0\.1"):
        attempt(job)
    assert server.requests == []


def test_webhook_problem(serve: Serve) -> None:
    """``check`` hears why an address cannot be reached, and sends nothing to one that can."""
    server = serve(200)
    assert webhook_problem(WebhookConfig(url=server.url)) is None
    assert server.requests == []
    closed = webhook_problem(WebhookConfig(url=f"http://127.0.0.1:{free_port()}/secret"))
    assert closed is not None
    assert closed.endswith("cannot be reached: Connection refused")
    assert "secret" not in closed
    assert "port" in str(webhook_problem(WebhookConfig(url="http://host:99999/")))
