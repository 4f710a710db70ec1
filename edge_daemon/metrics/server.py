"""A small web server for one page: bounded in clients and in the time that each may take."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import time
from contextlib import suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, MetricsHandler

from edge_daemon.config.address import ListenAddress

_LOG = logging.getLogger(__name__)

PATHS = ("/metrics", "/")
MOST_CLIENTS = 4
"""At a time; more are hung up on. Prometheus is one, a pair of them two."""
ONE_TAKES_S = 15.0
"""Who takes longer has to go as soon as another comes."""
_SILENT_S = 5.0
_NEVER_S = 3600.0
"""Looking whether it is to end is not needed: `close` wakes it."""

_NOTHING_LEFT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NOTHING_LEFT_S = 0.2


class _Handler(MetricsHandler):
    """Answers one request and hangs up; whatever is no request gets an error and no log line."""

    timeout = _SILENT_S
    server_version = "edge-daemon"
    sys_version = ""

    def do_GET(self) -> None:  # noqa: N802
        """Send the figures, in the form that the client understands best."""
        if urlsplit(self.path).path in PATHS:
            super().do_GET()
        else:
            self.send_error(404, "the figures are at /metrics")


class MetricsServer(ThreadingMixIn, TCPServer):
    """Listens at an address for who fetches the figures of a registry.

    Raises
    ------
    OSError
        The address is taken, not this machine's, or none.
    """

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = MOST_CLIENTS

    def __init__(self, address: ListenAddress, registry: CollectorRegistry) -> None:
        self._since: dict[Any, float] = {}
        """Clients that are here, and since when."""
        self._is_served = threading.Event()
        (family, _, _, _, place), *_ = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
        self.address_family = family
        # Not http.server's own: that one asks the network for this machine's name, and may wait long.
        super().__init__((str(place[0]), address.port), _Handler.factory(registry))

    def serve(self) -> None:
        """Serve until it is closed; for a thread of its own."""
        self._is_served.set()
        try:
            self.serve_forever(poll_interval=_NEVER_S)
        except Exception:
            _LOG.exception("no figures for Prometheus any more")

    def close(self, timeout_s: float) -> None:
        """End `serve`, and give the address free."""
        if self._is_served.wait(timeout_s):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits at it, instead of a timer
            self.shutdown()
        self.server_close()

    def get_request(self) -> tuple[Any, Any]:
        """Take the next client."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _NOTHING_LEFT:
                time.sleep(_NOTHING_LEFT_S)  # the client waits, and would be tried again at once
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in another thread, if there are not too many already."""
        now_s = time.monotonic()
        for client, since_s in list(self._since.items()):
            if now_s - since_s > ONE_TAKES_S:
                self._hang_up(client)
        if len(self._since) >= MOST_CLIENTS:
            _LOG.debug("too many fetch figures at a time; %s has to come again", client_address)
            self.shutdown_request(request)
            return
        self._since[request] = now_s
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Let a client go."""
        self._since.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong; serving goes on."""
        is_theirs = isinstance(sys.exc_info()[1], OSError)  # hung up, or took too long
        level = logging.DEBUG if is_theirs else logging.ERROR
        _LOG.log(level, "no figures for %s", client_address, exc_info=True)

    def _hang_up(self, client: Any) -> None:
        """End a connection whose thread then finds out."""
        self._since.pop(client, None)
        with suppress(OSError):  # it has just gone by itself
            client.shutdown(socket.SHUT_RDWR)
