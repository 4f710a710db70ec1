"""The control socket: a real one, with clients that behave and clients that don't."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon.config import ControlConfig
from edge_daemon.control import Answer, Desk, parse_request, socket_path, tell
from edge_daemon.control.client import ask, follow
from edge_daemon.control.connected import MOST_UNSENT_BYTES
from edge_daemon.control.desk import MOST_WAITING
from edge_daemon.control.messages import (
    LONGEST_LINE_BYTES,
    Follow,
    Reload,
    Status,
    request_line,
)
from edge_daemon.control.paths import sockets_to_try
from edge_daemon.control.server import MOST_CLIENTS, ControlServer
from edge_daemon.errors import ControlError
from edge_daemon.events import Event, Events, Happened, Live, event_line

STATUS = b'{"do": "status"}\n'
HAPPENED = Happened(kind="reload", text="the configuration was read again")
LIVE = Live(
    level_dbfs=-20.0, floor_dbfs=-60.0, is_open=True, scores={"on": 0.5}, latency_ms=1.0,
    mel="A" * 500, n_mels=40,
)  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is."""
    return tmp_path / "run" / "control.sock"


@pytest.fixture
def server(path: Path) -> Iterator[ControlServer]:
    """A daemon's end."""
    serving = ControlServer(path)
    yield serving
    serving.close()


def connect(path: Path) -> socket.socket:
    """Be a client."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(10)
    client.connect(str(path))
    return client


def look(server: ControlServer) -> list[type]:
    """Answer what is asked by now; return it."""
    asked: list[type] = []
    for client, request in server.requests():
        client.answer(Answer(ok=True, data={"n": len(asked)}))
        asked.append(type(request))
    return asked


def line_of(client: socket.socket) -> dict[str, object]:
    """Read one answer."""
    with client.makefile("rb") as file:
        found: dict[str, object] = json.loads(file.readline())
    return found


def test_a_request_is_answered(server: ControlServer, path: Path) -> None:
    """Nothing comes of nothing; a line gets a line."""
    assert look(server) == []
    with connect(path) as client:
        client.sendall(STATUS)
        assert look(server) == [Status]
        assert line_of(client) == {"ok": True, "data": {"n": 0}}


def test_the_client_of_the_package(server: ControlServer, path: Path) -> None:
    """`ask` and the server understand each other, also where it looks in several places."""
    nowhere = path.with_name("nobody.sock")
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(ask([nowhere, path], Status())))
    asking.start()
    while not look(server):
        pass
    asking.join()
    assert answers == [Answer(ok=True, data={"n": 0})]


def test_only_user_and_group_may_ask(server: ControlServer, path: Path) -> None:
    """The socket lets no other users in."""
    assert server.path == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_pieces_and_several_lines(server: ControlServer, path: Path) -> None:
    """A line may come in pieces; of many, one is answered at a look, and none is lost."""
    with connect(path) as client:
        client.sendall(STATUS[:5])
        assert look(server) == []
        client.sendall(STATUS[5:] + STATUS * 3)
        looks = [look(server) for _ in range(5)]
        assert looks == [[Status]] * 4 + [[]]


def test_nonsense_is_answered_and_survived(server: ControlServer, path: Path) -> None:
    """What is no request is told so; the next one counts."""
    with connect(path) as client:
        client.sendall(b"GET / HTTP/1.1\n" + STATUS)
        assert look(server) == []
        answer = line_of(client)
        assert answer["ok"] is False
        assert "status" in str(answer["problems"])
        assert look(server) == [Status]


def test_a_line_without_end_is_cut_off(server: ControlServer, path: Path) -> None:
    """Nobody can fill the memory."""
    with connect(path) as client:
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 4 * LONGEST_LINE_BYTES:
                sent += client.send(b"x" * 4096)
                look(server)
        assert sent <= 2 * LONGEST_LINE_BYTES
    with connect(path) as client:
        client.sendall(STATUS)
        assert look(server) == [Status]


def test_who_does_not_read_is_hung_up_on(server: ControlServer, path: Path) -> None:
    """The daemon never waits for a client, and others go on being served."""
    with connect(path) as deaf, connect(path) as other:
        look(server), look(server)
        deaf.setblocking(False)
        for _ in range(100_000):
            try:
                deaf.send(STATUS)
            except BlockingIOError:
                pass
            except OSError:
                break
            look(server)
        else:
            raise AssertionError("it was never hung up on")
        other.sendall(STATUS)
        assert look(server) == [Status]


def test_too_many_clients_push_out_the_oldest(server: ControlServer, path: Path) -> None:
    """A script that leaves its connections open does not lock everybody out."""
    clients = []
    for _ in range(MOST_CLIENTS + 1):
        clients.append(connect(path))
        look(server)
    look(server)
    assert clients[0].recv(1) == b""
    clients[-1].sendall(STATUS)
    assert look(server) == [Status]
    for client in clients:
        client.close()


def test_a_client_that_is_gone_before_the_answer(server: ControlServer, path: Path) -> None:
    """Ctrl-C on `edge-daemon reload` harms nobody."""
    client = connect(path)
    client.sendall(STATUS)
    ((end, _request),) = server.requests()
    client.close()
    end.answer(Answer(ok=True))
    end.answer(Answer(ok=True))
    assert look(server) == []


def test_what_a_kill_left_is_replaced(path: Path) -> None:
    """A socket that nobody listens at is of a daemon that was killed."""
    killed = ControlServer(path)
    assert killed._listener is not None
    killed._listener.close()
    server = ControlServer(path)
    with connect(path) as client:
        client.sendall(STATUS)
        assert look(server) == [Status]
    server.close()
    assert not path.exists()


def test_a_second_daemon_takes_nothing_away(
    server: ControlServer, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It says that another one listens there, and goes on without a socket."""
    second = ControlServer(path)
    assert "another edge-daemon listens there" in caplog.text
    assert second.requests() == []
    second.close()
    with connect(path) as client:
        client.sendall(STATUS)
        look(server)
        assert look(server) == [Status] or line_of(client)["ok"]


@pytest.mark.parametrize("bad", ["no/such/folder/at/all", "x" * 200])
def test_a_place_that_cannot_be_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str
) -> None:
    """The daemon listens all the same."""
    server = ControlServer(tmp_path / bad / "control.sock")
    assert "no control socket" in caplog.text
    assert server.requests() == []


def test_a_file_is_not_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever names a file of his own by mistake keeps it."""
    path = tmp_path / "letter.txt"
    path.write_text("dear")
    ControlServer(path).close()
    assert "no control socket" in caplog.text
    assert path.read_text() == "dear"


def test_where_the_socket_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration before the service manager before the user's own folder."""
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    assert socket_path(ControlConfig()) is None
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert socket_path(ControlConfig()) == Path("/run/user/7/edge-daemon/control.sock")
    assert sockets_to_try(ControlConfig())[-1] == Path("/run/edge-daemon/control.sock")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/edge:/run/more")
    assert socket_path(ControlConfig()) == Path("/run/edge/control.sock")
    assert socket_path(ControlConfig(path="/a/b")) == Path("/a/b")
    assert sockets_to_try(ControlConfig(path="/a/b")) == [Path("/a/b")]
    assert socket_path(ControlConfig(enabled=False, path="/a/b")) is None


def test_nobody_listens(tmp_path: Path) -> None:
    """The client says where it has looked."""
    with pytest.raises(ControlError, match=r"no running daemon was found: .*nobody listens there"):
        ask([tmp_path / "none"], Status())
    with pytest.raises(ControlError, match=r"set control\.path"):
        ask([], Status())


def test_no_answer_in_time(server: ControlServer, path: Path) -> None:
    """A daemon that hangs does not hang its clients."""
    assert server.path == path
    with pytest.raises(ControlError, match=r"has not answered within 0\.05 s"):
        ask([path], Status(), within_s=0.05)


@pytest.mark.skipif(os.geteuid() != 0, reason="takes another user")
def test_another_user_is_told_so(server: ControlServer, path: Path) -> None:
    """Permissions are the socket's; the message names the group."""
    assert server.path == path
    path.parent.chmod(0o755)
    for folder in path.parents[:-2]:
        folder.chmod(folder.stat().st_mode | 0o055)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        with pytest.raises(ControlError, match="join the group edge-daemon"):
            ask([path], Status())
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_an_error(line: bytes) -> None:
    """Nothing else comes out of a line."""
    try:
        request = parse_request(line)
    except ControlError:
        return
    assert request_line(request)


def test_who_has_said_all_still_gets_an_answer(server: ControlServer, path: Path) -> None:
    """`echo ... | socat` closes its end at once; a reload takes longer than that."""
    with connect(path) as client:
        client.sendall(b'{"do": "reload"}\n' + STATUS)
        client.shutdown(socket.SHUT_WR)
        ((asking, request),) = server.requests()
        assert request == Reload()
        assert look(server) == [], "what was asked later waits for its turn"
        asking.answer(Answer(ok=True))
        assert line_of(client) == {"ok": True}
        assert look(server) == [Status]
    look(server), look(server)
    assert not server._clients


def test_a_path_that_is_no_text_can_be_told(server: ControlServer, path: Path) -> None:
    """The name of a file may be any bytes, and is told as far as it is text."""
    with connect(path) as client:
        client.sendall(STATUS)
        ((asking, _),) = server.requests()
        asking.answer(Answer(ok=False, problems=["a\udcff.yaml: no such file"]))
        assert line_of(client) == {"ok": False, "problems": ["a?.yaml: no such file"]}


def test_who_follows_gets_the_events(server: ControlServer, path: Path) -> None:
    """Each client its own kind, in between answers to what it asks; after it hangs up, nothing."""
    events = server._events
    with connect(path) as plain, connect(path) as live:
        plain.sendall(request_line(Follow()))
        live.sendall(request_line(Follow(live=True)))
        assert look(server) == look(server) == []
        assert (events.n_subscribed, events.are_watched_live) == (2, True)
        assert line_of(plain) == line_of(live) == {"ok": True}
        events.publish(HAPPENED)
        events.publish(LIVE)
        events.publish(HAPPENED)
        with live.makefile("rb") as lines:
            kinds = [json.loads(lines.readline())["event"] for _ in range(3)]
        assert kinds == ["happened", "live", "happened"]
        with plain.makefile("rb") as lines:
            kinds = [json.loads(lines.readline())["event"] for _ in range(2)]
        assert kinds == ["happened", "happened"]
        plain.sendall(STATUS)
        assert look(server) == [Status]
        assert line_of(plain) == {"ok": True, "data": {"n": 0}}
    look(server), look(server)
    assert not events.are_followed


def test_asking_twice_to_follow_tells_everything_once(server: ControlServer, path: Path) -> None:
    """The second time changes only whether live events come."""
    with connect(path) as client:
        client.sendall(request_line(Follow(live=True)) + request_line(Follow()))
        look(server), look(server)
        server._events.publish(LIVE)
        server._events.publish(HAPPENED)
        with client.makefile("rb") as lines:
            said = [json.loads(lines.readline()) for _ in range(3)]
        assert [x.get("event") for x in said] == [None, None, "happened"]


def test_a_slow_follower_does_without_live_events(server: ControlServer, path: Path) -> None:
    """What matters waits for it, up to a bound; then it is hung up on, and nobody waits."""
    with connect(path) as slow:
        slow.sendall(request_line(Follow(live=True)))
        look(server)
        (client,) = server._clients
        while not client.has_unsent:
            server._events.publish(LIVE)
        n_bytes = len(client._unsent)
        for _ in range(100):
            server._events.publish(LIVE)
        assert len(client._unsent) == n_bytes
        server._events.publish(HAPPENED)
        assert len(client._unsent) > n_bytes
        received = b""
        while b"happened" not in received:
            received += slow.recv(65536)
            look(server)
        while not client.is_gone:
            server._events.publish(HAPPENED)
        assert len(client._unsent) <= MOST_UNSENT_BYTES + 1000
        assert look(server) == []
        assert not server._events.are_followed


def test_the_client_of_the_package_follows(server: ControlServer, path: Path) -> None:
    """`follow` yields what is told, and says when the daemon has gone."""
    told: list[str] = []

    def listen() -> None:
        try:
            told.extend(event["event"] for event in follow([path], live=True))
        except ControlError as error:
            told.append(str(error))

    following = threading.Thread(target=listen)
    following.start()
    while not server._events.are_followed:
        look(server)
    server._events.publish(LIVE)
    server._events.publish(HAPPENED)
    server.close()
    following.join(30)
    assert told == ["live", "happened", "the daemon has hung up"]


def test_members_of_a_group_may_use_it(tmp_path: Path) -> None:
    """The socket is the group's, its folder may be passed through; a group that is none is said."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to any group")
    server = ControlServer(tmp_path / "run" / "control.sock", group="audio")
    path = tmp_path / "run" / "control.sock"
    assert path.group() == "audio"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o701
    server.let_in(None)
    assert path.stat().st_gid == os.getegid()
    server.close()


def test_a_folder_of_other_things_stays_closed(tmp_path: Path) -> None:
    """Who may use the socket is not let into somebody's home by that."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a file to any group")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "letter").write_text("dear")
    server = ControlServer(home / "control.sock", group="audio")
    assert (home / "control.sock").group() == "audio"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    server.close()


def test_a_group_that_is_none_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The daemon's own user may still ask."""
    server = ControlServer(tmp_path / "control.sock", group="no-such-group")
    assert "control.group: no-such-group" in caplog.text
    with connect(tmp_path / "control.sock") as client:
        client.sendall(STATUS)
        assert look(server) == [Status]
    server.close()


def test_threads_leave_requests_at_the_desk() -> None:
    """They come out in order, once; who floods it is refused at once."""
    desk, answers = Desk(), list[Answer]()
    desk.submit(Status(), answers.append)
    desk.submit(Reload(), answers.append)
    assert [request for request, _ in desk.take()] == [Status(), Reload()]
    assert desk.take() == []
    for _ in range(MOST_WAITING + 1):
        desk.submit(Status(), answers.append)
    assert [answer.ok for answer in answers] == [False]
    assert len(desk.take()) == MOST_WAITING


def test_an_event_with_a_path_that_is_no_text() -> None:
    """The name of a file may be any bytes, and is told as far as it is text."""
    line = event_line(Happened(kind="listening", text="file a\udcff.wav"))
    assert json.loads(line)["text"] == "file a?.wav"


def test_a_follower_that_fails_costs_nobody_else_anything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its mistake is said once, the others are told, and the main loop goes on."""
    events, told = Events(), list[Event]()
    events.subscribe(lambda _event: 1 / 0)
    events.subscribe(told.append)
    events.publish(HAPPENED)
    events.publish(HAPPENED)
    assert told == [HAPPENED, HAPPENED]
    assert caplog.text.count("could not be handed on: Happened") == 1


def test_who_cannot_take_an_answer_costs_nobody_else_anything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The mistake is said, and the main loop goes on."""
    tell(lambda _answer: 1 / 0, Answer(ok=True))
    assert "an answer could not be handed on" in caplog.text
