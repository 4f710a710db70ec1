"""A detection on its way to a server: attempts, later and later, and what became of each."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from edge_daemon.actions.endpoint import Answer, Endpoint
from edge_daemon.config import WebhookConfig
from edge_daemon.errand import Errand
from edge_daemon.errors import ActionError

_LOG = logging.getLogger(__name__)

MAX_BACKOFF_S = 300.0
GRACE_S = 0.5
"""A request ends by its own limit; what is later than this hangs in the look-up of the name."""

Clock: TypeAlias = Callable[[], float]
Request: TypeAlias = Errand[Answer]


@dataclass(slots=True)
class Server:
    """What all webhooks of one server share."""

    not_before: float = 0.0
    """When it may be tried again after a failure."""
    request: Request | None = None
    """The newest, which may still hang although nobody waits for it any more."""

    def is_free(self, now: float) -> bool:
        """Tell whether a request may go there."""
        return now >= self.not_before and (self.request is None or self.request.is_over)


Servers: TypeAlias = dict[str, Server]
"""By their addresses without the path."""


class WebhookJob:
    """One detection on its way to a server.

    An attempt is made in a thread of its own, so that a server that hangs, or a name that nobody
    resolves, holds no other action up. Each server gets one request at a time; after one that
    failed none goes there for ``backoff_s``. The job ``after`` which it comes is over before it
    begins: else "off" would overtake an "on" that is tried again.
    """

    def __init__(  # noqa: PLR0913 - what it is made of; made in one place
        self,
        endpoint: Endpoint,
        body: bytes,
        config: WebhookConfig,
        clock: Clock,
        server: Server,
        after: WebhookJob | None = None,
    ) -> None:
        self.finished = False
        self._endpoint = endpoint
        self._body = body
        self._config = config
        self._clock = clock
        self._server = server
        self._after = after
        self._attempts = 0
        self._due = clock()
        self._begun = 0.0
        self._request: Request | None = None
        self._cancelled = False

    @property
    def is_under_way(self) -> bool:
        """Tell whether an attempt has begun of which the end was not seen yet."""
        return self._request is not None

    def poll(self) -> bool:
        """Begin an attempt if one is due, and return True once the server took the detection.

        Raises
        ------
        ActionError
            The server refused it, or the last attempt failed, or it was cancelled.
        """
        if self.finished:
            return True
        if self._cancelled:
            self.finished = True
            raise ActionError(f"{self._endpoint}: cancelled after {_times(self._attempts)}")
        try:
            self.finished = self._is_taken()
        except _PassingError as failure:
            self._put_off(str(failure))
        except Exception:  # also one that nobody foresaw: the request is over
            self.finished = True
            raise
        return self.finished

    def cancel(self) -> None:
        """Make no further attempt."""
        self._cancelled = True

    def _is_taken(self) -> bool:
        now = self._clock()
        if self._request is None:
            if self._is_its_turn() and now >= self._due and self._server.is_free(now):
                self._begin(now)
            return False
        request = self._request
        if not request.is_over:
            if now < self._begun + self._config.timeout_s + GRACE_S:
                return False
            self._request = None
            raise _PassingError("no answer in time, not even to the look-up of the name")
        self._request = None
        self._judge(request)
        return True

    def _is_its_turn(self) -> bool:
        if self._after is not None and self._after.finished:
            self._after = None  # and with it those that came before
        return self._after is None

    def _begin(self, now: float) -> None:
        self._begun = now
        self._attempts += 1
        post = partial(self._endpoint.post, self._body, self._config.timeout_s)
        try:
            self._request = self._server.request = Errand(post, "edge-webhook")
        except OSError as error:
            raise _PassingError(reason(error)) from error

    def _judge(self, request: Request) -> None:
        try:
            answer = request.result()
        except ssl.SSLCertVerificationError as error:
            # It does not get better by itself within seconds.
            raise ActionError(f"{self._endpoint}: {reason(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise _PassingError(reason(error)) from error
        said = f"HTTP {answer.status} {answer.text}"
        if answer.status >= 500 or answer.status == 429:
            raise _PassingError(said)
        if 300 <= answer.status < 400:
            said += " (redirects are not followed; write the final address)"
        if not 200 <= answer.status < 300:
            raise ActionError(f"{self._endpoint}: {said}")

    def _put_off(self, why: str) -> None:
        now = self._clock()
        self._server.not_before = now + self._config.backoff_s
        if self._attempts > self._config.retries:
            self.finished = True
            raise ActionError(f"{self._endpoint}: {why}; gave up after {_times(self._attempts)}")
        wait_s = min(self._config.backoff_s * 2 ** (self._attempts - 1), MAX_BACKOFF_S)
        self._due = now + wait_s
        _LOG.info("%s: %s; next attempt in %g s", self._endpoint, why, wait_s)


class _PassingError(Exception):
    """An attempt failed in a way that may pass."""


def reason(error: Exception) -> str:
    """Say in plain words why a server could not be reached."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
        # nothing of what it says, which may be the secret path that it was sent
        return f"what it answers is no HTTP ({type(error).__name__})"
    return str(error) or type(error).__name__


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
