"""What systemd is told, and the journal through systemd-python.

Nothing is imported from it, and nothing happens, where systemd did not start the process. Notices
go through a socket of our own, which is opened once: ``systemd.daemon.notify`` opens one each time,
and a process without a free descriptor would be taken for dead by the watchdog.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_daemon.log_stream import NeverWaiting

if TYPE_CHECKING:
    import socket

_LOG = logging.getLogger(__name__)

IDENTIFIER = "edge-daemon"
MISSING = (
    "the Python package systemd-python is missing: entries in the journal have no fields of their "
    "own, such as EDGE_LABEL. Install it in one of two ways: "
    "apt install python3-systemd, with a virtual environment made with --system-site-packages; "
    "or apt install libsystemd-dev pkg-config gcc, then pip install 'edge-daemon[systemd]'"
)
TEXT_FORMAT = "%(asctime)s %(levelname)-7s %(message)s"

_TAKEN_WITHIN_S = 1.0
"""systemd reads at once; audio waits no longer for one that does not."""
Send = Callable[..., None]
"""``systemd.journal.send``: the message, then fields by name."""


class Notifier:
    """Tells systemd how the service is; does nothing where NOTIFY_SOCKET is not set."""

    def __init__(self) -> None:
        self._socket = _notice_socket() if os.environ.get("NOTIFY_SOCKET") else None
        if self._socket and not _has_journal():
            _LOG.warning(MISSING)

    def ready(self, status: str = "") -> None:
        """Say that the start, or a reload, is complete."""
        self._send("READY=1", status)

    def extend_start(self, seconds: float) -> None:
        """Ask for so much more time, from now, before ``ready`` has to come."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def status(self, text: str) -> None:
        """Set the line that ``systemctl status`` shows."""
        self._send(status=text)

    def watchdog(self) -> None:
        """Say that the service is alive."""
        self._send("WATCHDOG=1")

    def reloading(self) -> None:
        """Say that a reload has begun; ``ready`` says that it is over."""
        clock_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={clock_us}")

    def stopping(self, status: str = "") -> None:
        """Say that the stop has begun."""
        self._send("STOPPING=1", status)

    def _send(self, state: str = "", status: str = "") -> None:
        if self._socket is None:
            return
        lines = [state] if state else []
        if status:
            lines.append("STATUS=" + " ".join(status.split()))  # a line break would end it
        try:
            self._socket.sendto("\n".join(lines).encode(errors="replace"), _notice_address())
        except OSError as error:
            _LOG.warning("systemd cannot be told %s: %s", lines, error)


def watchdog_interval_s() -> float | None:
    """Return how often systemd is to hear ``watchdog()``: six times in its limit; None if never.

    systemd recommends twice. The rest is the time in which a lost microphone is sought before the
    limit ends it.
    """
    try:
        limit_us = int(os.environ.get("WATCHDOG_USEC", "0"))
        pid = int(os.environ.get("WATCHDOG_PID", os.getpid()))
    except ValueError:
        return None
    return limit_us / 6e6 if limit_us > 0 and pid == os.getpid() else None


def log_handler() -> logging.Handler:
    """Return the handler for the root logger: the journal under systemd, otherwise stderr.

    In the journal every entry has SYSLOG_IDENTIFIER=edge-daemon, and the upper-case names given
    with ``extra={"EDGE_LABEL": ...}`` become fields.
    """
    if _stderr_is_the_journal():
        try:
            return _journal_handler()
        except ImportError:
            pass  # systemd takes down stderr as well; the Notifier says what is missing
    if sys.stderr is None:  # closed at the start
        return logging.NullHandler()
    handler = NeverWaiting(sys.stderr)
    handler.setFormatter(logging.Formatter(TEXT_FORMAT))
    return handler


def _notice_socket() -> socket.socket:
    import socket

    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    opened.settimeout(_TAKEN_WITHIN_S)
    return opened


def _notice_address() -> str:
    address = os.environ["NOTIFY_SOCKET"]
    # an abstract socket, which has no file, begins with @
    return "\0" + address[1:] if address.startswith("@") else address


def _has_journal() -> bool:
    try:
        importlib.import_module("systemd.journal")
    except ImportError:
        return False
    return True


def _stderr_is_the_journal() -> bool:
    """Compare as sd-daemon does: a shell may have sent stderr elsewhere."""
    try:
        stat = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stat.st_dev}:{stat.st_ino}"


def _journal_handler(send: Send | None = None) -> logging.Handler:
    journal = importlib.import_module("systemd.journal")
    send_to: Send = send or journal.send

    def send_fields(message: str, /, **fields: object) -> None:
        # JournalHandler passes on the whole log record; the journal wants upper-case names only.
        send_to(message, **{k: v for k, v in fields.items() if k.isupper() and v is not None})

    handler: logging.Handler = journal.JournalHandler(
        sender_function=send_fields, SYSLOG_IDENTIFIER=IDENTIFIER
    )
    # Without one of its own, logging.basicConfig would put level and logger into each message.
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
