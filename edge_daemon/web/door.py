"""Who is let in: what the headers of a request have to say."""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from edge_daemon.config.address import ListenAddress
from edge_daemon.web.token import Token

_BEARER = "bearer "


class Headers(Protocol):
    """As much of a request's headers as is looked at."""

    def get_all(self, name: str, /) -> list[str]:
        """Return each value of this name, in whatever case it is written."""


class RefusedRequest(Exception):
    """A request that is answered with this status and this line."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        self.status = status
        super().__init__(text)


class Door:
    """Lets in this machine's own pages, or whoever has the token.

    Parameters
    ----------
    token : Token or None
        None: only loopback is listened at.
    port : int
        What tells the cookie from that of another daemon on this machine.
    """

    def __init__(self, token: Token | None, port: int) -> None:
        self._token = token
        self._cookie_name = f"edge_daemon_{port}"

    def check_sender(self, headers: Headers) -> None:
        """Refuse pages of others that make a browser ask here.

        Without a token the name that the browser used must mean this machine: a name of others
        could have been made to point here. With one, their pages have no cookie for that name.

        Raises
        ------
        RefusedRequest
        """
        host = _only(headers, "Host")
        if not host:
            raise RefusedRequest(HTTPStatus.BAD_REQUEST, "no Host header")
        if self._token is None and not _is_this_machine(host):
            raise RefusedRequest(
                HTTPStatus.FORBIDDEN,
                f"Host {host!r} is not this machine's own name; open http://localhost:PORT/, or "
                "set web.token_from",
            )
        origin = _only(headers, "Origin")
        if origin is not None and not _is_from(origin, host):
            raise RefusedRequest(
                HTTPStatus.FORBIDDEN,
                f"Origin {origin!r} is another page than {host!r}; a proxy has to pass Host on",
            )

    def is_open_to(self, headers: Headers) -> bool:
        """Tell whether the sender may look.

        Raises
        ------
        RefusedRequest
            It gives a token, and a wrong one.
        """
        if self._token is None:
            return True
        given = _only(headers, "Authorization")
        if given is None:
            return any(self._token.is_cookie(x) for x in _cookies(headers, self._cookie_name))
        kind, token = given[: len(_BEARER)], given[len(_BEARER) :]
        if kind.lower() != _BEARER or not self._token.is_right(token.strip()):
            raise RefusedRequest(HTTPStatus.UNAUTHORIZED, "wrong token")
        return True

    @property
    def set_cookie(self) -> str | None:
        """The header that lets a browser in from now on; None where no token is needed."""
        if self._token is None:
            return None
        month_s = 30 * 86400
        return (
            f"{self._cookie_name}={self._token.cookie}; Path=/; Max-Age={month_s}; "
            "HttpOnly; SameSite=Strict"
        )


def _only(headers: Headers, name: str) -> str | None:
    values = headers.get_all(name)
    if len(values) > 1:
        raise RefusedRequest(HTTPStatus.BAD_REQUEST, f"more than one {name} header")
    return values[0] if values else None


def _is_this_machine(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name is not None and ListenAddress(name, 0).is_loopback


def _is_from(origin: str, host: str) -> bool:
    scheme, _, rest = origin.partition("://")
    return scheme in ("http", "https") and rest.lower() == host.lower()


def _cookies(headers: Headers, name: str) -> list[str]:
    pairs = [
        x.strip().partition("=") for line in headers.get_all("Cookie") for x in line.split(";")
    ]
    return [value for key, _, value in pairs if key == name]
