"""The page as a part of the daemon: checked, begun and ended with it."""

from __future__ import annotations

import errno
import logging
import os
from concurrent import futures
from threading import Thread

from edge_daemon.config import Config, WebConfig
from edge_daemon.config.address import parse_listen
from edge_daemon.config.secret import read_secret
from edge_daemon.connection import Inside
from edge_daemon.errors import ConfigError, EdgeDaemonError, MissingDependency
from edge_daemon.web.door import Door
from edge_daemon.web.token import Token

_LOG = logging.getLogger(__name__)

START_WITHIN_S = 2.0
"""Only a name that nobody resolves takes longer."""
_ADVICE = {
    errno.EADDRINUSE: "; another program listens there: end it, or take another port",
    errno.EACCES: "; ports below 1024 are for root: take another one, such as 8080",
    errno.EADDRNOTAVAIL: "; it is none of this machine's addresses",
}


class WebConnection:
    """Serves the page at ``web.listen``.

    Raises
    ------
    ConfigError
        The token cannot be read, or is none.
    MissingDependency
        There is no websockets library.
    """

    def __init__(self, config: Config, inside: Inside) -> None:
        self._address = parse_listen(config.web.listen or "")
        door = Door(_token(config.web), self._address.port)
        try:
            from edge_daemon.web.serving import PageServer
        except ImportError as error:
            raise MissingDependency(
                f"web.listen: the page needs websockets, which cannot be loaded ({error}); "
                "run: pip install 'edge-daemon[web]'"
            ) from None
        self._server = PageServer(self._address, door, inside)
        self._thread: Thread | None = None

    def start(self) -> None:
        """Listen at the address."""
        started: futures.Future[None] = futures.Future()
        self._thread = Thread(
            target=self._server.run, args=(started,), name="edge-web", daemon=True
        )
        self._thread.start()
        try:
            started.result(START_WITHIN_S)
        except futures.TimeoutError:
            raise EdgeDaemonError(
                f"web.listen: {self._address}: not open after {START_WITHIN_S:g} s; give the "
                "address in digits"
            ) from None
        except OSError as error:
            raise EdgeDaemonError(f"web.listen: {self._address}: {_reason(error)}") from None
        _LOG.info("a page to look at: http://%s/", self._address)

    def stop(self, timeout_s: float) -> None:
        """Close all pages and the address."""
        if self._thread is not None:
            self._server.stop()
            self._thread.join(timeout_s)


def _token(config: WebConfig) -> Token | None:
    if config.token_from is None:
        return None
    try:
        secret = read_secret(config.token_from)
    except ValueError as error:
        raise ConfigError([f"web.token_from: {error}"]) from None
    try:
        return Token(secret)
    except ValueError as error:
        raise ConfigError([f"web.token_from: {config.token_from}: {error}"]) from None


def _reason(error: OSError) -> str:
    """Say what went wrong, and what to do; a name that is not found has a text of its own."""
    number = error.errno or 0
    said = os.strerror(number) if number in errno.errorcode else error.strerror or str(error)
    return said + _ADVICE.get(number, "")
