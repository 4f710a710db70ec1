"""One HTTP address: split once, connected to with a limit on the whole exchange."""

from __future__ import annotations

import base64
import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urlsplit

MAX_ANSWER_BYTES = 64 * 1024
_QUOTED_IN_ANSWER = 120
_LEAST_SECRET = 6
"""Shorter ones are words such as Basic."""
_PLAIN_IN_PATH = "/%:=&?~+!$,;'@()*[]"
_DEFAULT_HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "edge-daemon",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    text: str
    """Reason and the beginning of the body, on one line."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to POST, and with which headers; shown without its path, which may be a secret."""

    host: str
    port: int
    path: str
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """What a server may repeat and the log must not, the longest first."""

    @classmethod
    def parse(cls, url: str, headers: Mapping[str, str] | None = None) -> Endpoint:
        """Split an address.

        Raises
        ------
        ValueError
            The address or a header cannot be sent over HTTP.
        """
        parts = _split(url)
        host = _host(parts.hostname)
        tls = ssl.create_default_context() if parts.scheme.lower() == "https" else None
        port = parts.port if parts.port is not None else 443 if tls else 80
        path = quote(parts.path or "/", safe=_PLAIN_IN_PATH)
        if parts.query:
            path += "?" + quote(parts.query, safe=_PLAIN_IN_PATH)
        own = _checked({**_authorization(parts.username, parts.password), **(headers or {})})
        given = {name.lower() for name in own}
        sent = {name: x for name, x in _DEFAULT_HEADERS.items() if name.lower() not in given}
        secrets = _secrets(path, parts.password, own)
        return cls(host, port, path, {**sent, **own}, tls, secrets)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    def connect(self, timeout_s: float) -> http.client.HTTPConnection:
        """Open a connection, with TLS where the address asks for it.

        The addresses of the host share the time with TLS. Only the system's own limit for looking
        the name up may be later: nothing ends that sooner.

        Raises
        ------
        OSError
            It cannot be reached, or its certificate does not hold.
        """
        deadline = time.monotonic() + timeout_s
        sock = _dial(self.host, self.port, deadline)
        connection: http.client.HTTPConnection
        if self.tls is None:
            connection = http.client.HTTPConnection(self.host, self.port)
            connection.sock = sock
        else:
            connection = http.client.HTTPSConnection(self.host, self.port, context=self.tls)
            connection.sock = _encrypted(sock, self.tls, self.host, deadline)
        return connection

    def post(self, body: bytes, timeout_s: float) -> Answer:
        """Send the body and read at most 64 KiB of what comes back; redirects are not followed.

        Raises
        ------
        OSError
            No connection, or no answer within the time.
        http.client.HTTPException
            Something answered that is not HTTP.
        """
        deadline = time.monotonic() + timeout_s
        connection = self.connect(timeout_s)
        try:
            connection.sock.settimeout(_left_s(deadline))
            connection.request("POST", self.path, body, self.headers)
            response = http.client.HTTPResponse(
                _DeadlineSocket(connection.sock, deadline),  # type: ignore[arg-type]
                method="POST",
            )
            response.begin()
            return Answer(response.status, self._shown(response))
        finally:
            connection.close()

    def _shown(self, response: http.client.HTTPResponse) -> str:
        try:
            body = response.read(MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException):
            body = b""  # the status has come, and it decides
        said, text = self._plain(response.reason), self._plain(body.decode(errors="replace"))
        return f"{said}: {text}" if text else said

    def _plain(self, said: str) -> str:
        """Keep on one line, short, and without secrets what a server says: it goes into the log."""
        for secret in self.secrets:  # before it is cut: half a secret is one too
            said = said.replace(secret, "***")
        return "".join(c if c.isprintable() else " " for c in said[:_QUOTED_IN_ANSWER]).strip()


def _left_s(deadline: float) -> float:
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("timed out")
    return left_s


def _encrypted(
    sock: socket.socket, tls: ssl.SSLContext, host: str, deadline: float
) -> ssl.SSLSocket:
    try:
        sock.settimeout(_left_s(deadline))
        return tls.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def _dial(host: str, port: int, deadline: float) -> socket.socket:
    """Connect to the first address that answers.

    ``socket.create_connection`` would give all of the time to each of them.
    """
    failure: OSError = TimeoutError("timed out")
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for i, (family, kind, protocol, _, address) in enumerate(addresses):
        share_s = (deadline - time.monotonic()) / (len(addresses) - i)
        if share_s <= 0:
            break
        try:
            return _connected(socket.socket(family, kind, protocol), address, share_s)
        except OSError as error:
            failure = error
    raise failure


def _connected(sock: socket.socket, address: Any, timeout_s: float) -> socket.socket:
    try:
        sock.settimeout(timeout_s)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


class _DeadlineReader(io.RawIOBase):
    """Reads a socket under one limit for everything, not one for each piece.

    Without it a server that sends a byte now and then would hold the worker for hours.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(_left_s(self._deadline))
        return self._sock.recv_into(buffer)


class _DeadlineSocket:
    """As much of a socket as ``HTTPResponse`` uses."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._reader = _DeadlineReader(sock, deadline)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


def _split(url: str) -> SplitResult:
    """Split an address; what is said of an impossible one holds nothing of it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("the address has an impossible host") from None
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the address has a port that is no number of 0-65535") from None
    return parts


def _host(name: str | None) -> str:
    if not name:
        raise ValueError("the address has no host")
    try:
        return name.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"the address has an impossible host, {name[:80]!r}") from None


def _authorization(username: str | None, password: str | None) -> dict[str, str]:
    if username is None:
        return {}
    pair = f"{unquote(username)}:{unquote(password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _secrets(path: str, password: str | None, headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the path and its parts, as sent and as read, the password, and words of headers."""
    told = [path, *re.split("[/?&=]", path), password or ""]
    told += [unquote(part) for part in told]
    told += [word for value in headers.values() for word in value.split()]
    return tuple(sorted({x for x in told if len(x) >= _LEAST_SECRET}, key=len, reverse=True))


def _checked(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        sendable = f"{name}{value}".isprintable() and value.isascii() and name.isascii()
        if not sendable or not name or any(c in name for c in " :"):
            raise ValueError(f"the header {name!r} cannot be sent")
    return headers
