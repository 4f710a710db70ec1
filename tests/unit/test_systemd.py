"""Notifications and the journal, with real sockets."""

from __future__ import annotations

import json
import logging
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_daemon.log_stream import NeverWaiting
from edge_daemon.systemd import Notifier, log_handler, watchdog_interval_s

try:
    import systemd.daemon  # noqa: F401

    WITHOUT = ""
except ImportError:
    WITHOUT = "systemd-python is not installed (pip install 'edge-daemon[systemd]')"
needs_systemd_python = pytest.mark.skipif(bool(WITHOUT), reason=WITHOUT)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what a systemd around the test run may have set."""
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def received(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Listen in place of systemd."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


@pytest.fixture
def notifier(received: socket.socket) -> Notifier:
    """Give one that talks to the socket of the test."""
    assert received
    return Notifier()


def lines(sock: socket.socket) -> list[str]:
    """Receive one notification."""
    return sock.recv(4096).decode().splitlines()


def test_every_notification(notifier: Notifier, received: socket.socket) -> None:
    """Each call sends what systemd's protocol asks for."""
    notifier.extend_start(30.5)
    assert lines(received) == ["EXTEND_TIMEOUT_USEC=30500000"]
    notifier.ready("listening")
    assert lines(received) == ["READY=1", "STATUS=listening"]
    notifier.status("waiting for a microphone")
    assert lines(received) == ["STATUS=waiting for a microphone"]
    notifier.watchdog()
    assert lines(received) == ["WATCHDOG=1"]
    notifier.reloading()
    reloading, clock = lines(received)
    assert reloading == "RELOADING=1"
    assert int(clock.removeprefix("MONOTONIC_USEC=")) > 0
    notifier.stopping("asked to")
    assert lines(received) == ["STOPPING=1", "STATUS=asked to"]


def test_status_cannot_carry_a_second_field(notifier: Notifier, received: socket.socket) -> None:
    """A line break in a status text does not become another notification."""
    notifier.status("card\nMAINPID=1\n")
    assert lines(received) == ["STATUS=card MAINPID=1"]


def test_socket_without_a_file(notifier: Notifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with an @ is that of an abstract socket, as some containers have it."""
    name = f"edge-daemon-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{name}")
        sock.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notifier.watchdog()
        assert lines(sock) == ["WATCHDOG=1"]


def test_socket_that_is_gone(
    notifier: Notifier, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A notification that cannot be delivered is logged, not raised."""
    (tmp_path / "notify").unlink()
    notifier.ready()
    assert "systemd cannot be told" in caplog.text


def test_notices_need_no_free_descriptor(notifier: Notifier, received: socket.socket) -> None:
    """A process that has used up its descriptors is not taken for dead."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
    try:
        notifier.watchdog()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert lines(received) == ["WATCHDOG=1"]


def test_a_systemd_that_reads_nothing_is_not_waited_for(
    notifier: Notifier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its queue fills up; the daemon says so in the log and goes on."""
    assert notifier._socket
    notifier._socket.settimeout(0.01)
    for _ in range(5000):
        notifier.watchdog()
        if caplog.records:
            break
    assert "systemd cannot be told ['WATCHDOG=1']: timed out" in caplog.text


def test_inert_without_systemd(caplog: pytest.LogCaptureFixture) -> None:
    """Without NOTIFY_SOCKET nothing is sent, logged or imported."""
    code = (
        "import sys; from edge_daemon.systemd import Notifier, log_handler; n = Notifier();"
        "n.ready('x'); n.status('x'); n.watchdog(); n.reloading(); n.stopping();"
        "n.extend_start(1); log_handler();"
        "print([m for m in sys.modules if m.startswith('systemd')])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (ended.stdout, ended.stderr) == ("[]\n", "")


def test_missing_package_is_said_once(
    received: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Under systemd without systemd-python, one warning says what is missing and how to get it."""
    monkeypatch.setitem(sys.modules, "systemd.journal", None)
    notifier = Notifier()
    notifier.ready()
    notifier.watchdog()
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "systemd-python is missing" in record.message
    assert "no fields" in record.message
    assert "apt install python3-systemd" in record.message
    assert "pip install 'edge-daemon[systemd]'" in record.message


@pytest.mark.parametrize(
    ("limit", "pid", "interval_s"),
    [
        ("30000000", None, 5.0),
        ("30000000", str(os.getpid()), 5.0),
        ("30000000", "1", None),
        (None, None, None),
        ("0", None, None),
        ("soon", None, None),
        ("30000000", "me", None),
    ],
)
def test_watchdog_interval(
    monkeypatch: pytest.MonkeyPatch, limit: str | None, pid: str | None, interval_s: float | None
) -> None:
    """The watchdog is fed six times in its limit, and not at all when it is not meant for us."""
    if limit is not None:
        monkeypatch.setenv("WATCHDOG_USEC", limit)
    if pid is not None:
        monkeypatch.setenv("WATCHDOG_PID", pid)
    assert watchdog_interval_s() == interval_s


@pytest.mark.parametrize("stream", [None, "0:0", "nonsense"])
def test_stderr_outside_the_journal(monkeypatch: pytest.MonkeyPatch, stream: str | None) -> None:
    """Without the journal, or with stderr sent elsewhere, the log is readable text on stderr."""
    if stream is not None:
        monkeypatch.setenv("JOURNAL_STREAM", stream)
    handler = log_handler()
    assert type(handler) is NeverWaiting
    record = logging.LogRecord("edge_daemon", logging.WARNING, "f", 1, "lost %s", ("mic",), None)
    assert handler.format(record).endswith("WARNING lost mic")


def test_journal_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under the journal without systemd-python the log goes to stderr, which it takes down."""
    stat = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}")
    monkeypatch.setitem(sys.modules, "systemd.journal", None)
    assert type(log_handler()) is NeverWaiting


JOURNAL_PROGRAM = """
import json, logging, os, socket
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind("/run/systemd/journal/socket")
server.settimeout(10)
stat = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{stat.st_dev}:{stat.st_ino}"
from edge_daemon.systemd import log_handler
logging.basicConfig(level="INFO", handlers=[log_handler()])
extra = {"EDGE_LABEL": "yes", "EDGE_SCORE": 0.9, "EDGE_AFTER": None}
logging.getLogger("edge_daemon.test").warning("heard %s", "yes", extra=extra)
print(json.dumps(server.recv(65536).decode()))
"""


@needs_systemd_python
def test_journal_fields() -> None:
    """A log line reaches journald's own socket with our identifier and our fields."""
    setup = 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && exec "$@"'
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", setup, "sh"]
    if subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system does not allow mount namespaces, which hold a /run of our own")
    program = [*namespace, sys.executable, "-c", JOURNAL_PROGRAM]
    ended = subprocess.run(program, capture_output=True, text=True, check=True, timeout=30)
    fields = json.loads(ended.stdout).splitlines()
    assert {
        "MESSAGE=heard yes",
        "PRIORITY=4",
        "SYSLOG_IDENTIFIER=edge-daemon",
        "LOGGER=edge_daemon.test",
        "EDGE_LABEL=yes",
        "EDGE_SCORE=0.9",
    } <= set(fields)
    assert all(f.split("=")[0].isupper() for f in fields)
    assert not any(f.startswith("EDGE_AFTER") for f in fields)
