"""Answers over HTTP: the files of the page, and whether a browser has to ask for the token."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from edge_daemon.web.door import Door, RefusedRequest

EVENTS = "/events"
"""Where the WebSocket is."""
SESSION = "/session"
"""Says whether the page may look; with the token it gives the cookie."""
_STATIC = Path(__file__).with_name("static")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_ALWAYS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Connection": "close",
}


class Answering:
    """Answers everything but the WebSocket, which it lets in or refuses."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._files = {f"/{path.name}": path for path in _STATIC.iterdir() if path.suffix in _KINDS}
        self._files["/"] = self._files["/index.html"]

    def answer(self, request: Request) -> Response | None:
        """Return the answer; None for a WebSocket that is let in.

        Raises
        ------
        RefusedRequest
        """
        if getattr(request, "method", "GET") != "GET":  # websockets < 16 reads nothing else
            raise RefusedRequest(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered")
        self._door.check_sender(request.headers)
        path = request.path.partition("?")[0]
        if path == SESSION:
            return self._session(request)
        if path == EVENTS:
            if not self._door.is_open_to(request.headers):
                raise RefusedRequest(HTTPStatus.UNAUTHORIZED, "a token is needed")
            return None
        return self._file(path)

    def _session(self, request: Request) -> Response:
        is_open = self._door.is_open_to(request.headers)
        body = b'{"open": true}' if is_open else b'{"open": false}'
        response = _response(HTTPStatus.OK, "application/json", body, "no-store")
        if is_open and self._door.set_cookie and request.headers.get_all("Authorization"):
            response.headers["Set-Cookie"] = self._door.set_cookie
        return response

    def _file(self, path: str) -> Response:
        file = self._files.get(path)
        if file is None:
            raise RefusedRequest(HTTPStatus.NOT_FOUND, "no such page; / is the only one")
        return _response(HTTPStatus.OK, _KINDS[file.suffix], file.read_bytes(), "no-cache")


def refusal(error: RefusedRequest) -> Response:
    """Return what tells the sender that, and why."""
    body = f"{error}\n".encode()
    response = _response(error.status, "text/plain; charset=utf-8", body, "no-store")
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        response.headers["Allow"] = "GET"
    if error.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _response(status: HTTPStatus, kind: str, body: bytes, cache: str) -> Response:
    headers = Headers(_ALWAYS)
    headers["Content-Type"] = kind
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = cache
    return Response(status.value, status.phrase, headers, body)
