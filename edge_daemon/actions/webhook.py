"""POST detections as JSON to a server of the user's."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import ssl
import time
from collections.abc import Callable

from edge_daemon.actions.endpoint import Endpoint
from edge_daemon.config import WebhookConfig
from edge_daemon.errors import ActionBusyError, ActionError
from edge_daemon.types import Detection

_LOG = logging.getLogger(__name__)

MAX_IN_FLIGHT = 8
"""Requests of one webhook that wait for an answer or a retry; more are refused."""
MAX_BACKOFF_S = 300.0
CHECK_TIMEOUT_S = 2.0

Clock = Callable[[], float]
NotBefore = dict[str, float]
"""When a server that failed may be tried again, by its address without the path."""


class WebhookAction:
    """Sends the detections of one rule; what fails is sent again, later and later."""

    def __init__(
        self,
        config: WebhookConfig,
        clock: Clock = time.monotonic,
        not_before: NotBefore | None = None,
    ) -> None:
        """Prepare for the address in ``config``; webhooks of one daemon share ``not_before``.

        Raises
        ------
        ValueError
            The address or a header cannot be used.
        """
        try:
            self._endpoint = Endpoint.parse(config.url, config.headers)
        except ValueError as error:
            raise ValueError(f"webhook: {error}") from None
        self._config = config
        self._clock = clock
        self._not_before = {} if not_before is None else not_before
        self._in_flight: list[WebhookJob] = []

    def run(self, detection: Detection) -> WebhookJob:
        """Make a job of it; the first attempt is due at once.

        Raises
        ------
        ActionBusyError
            Too many requests wait for this server already.
        """
        self._in_flight = [job for job in self._in_flight if not job.finished]
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            raise ActionBusyError(f"{self._endpoint}: {MAX_IN_FLIGHT} requests are waiting for it")
        job = WebhookJob(
            self._endpoint, _body(detection), self._config, self._clock, self._not_before
        )
        self._in_flight.append(job)
        return job


class WebhookJob:
    """One detection on its way to a server.

    An attempt holds the worker, and with it every other action, for up to ``timeout_s`` and the
    look-up of the name; the time between two does not. After one that failed no request goes to
    this server for ``backoff_s``: those that are due together do not hold the worker in turn.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        body: bytes,
        config: WebhookConfig,
        clock: Clock,
        not_before: NotBefore,
    ) -> None:
        self.finished = False
        self._endpoint = endpoint
        self._body = body
        self._config = config
        self._clock = clock
        self._attempts = 0
        self._not_before = not_before
        self._due = clock()
        self._cancelled = False

    def poll(self) -> bool:
        """Make an attempt if one is due, and return True once the server took the detection.

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
        if self._clock() < max(self._due, self._not_before.get(str(self._endpoint), 0.0)):
            return False
        self._attempts += 1
        try:
            self._attempt()
        except _PassingError as failure:
            self._put_off(str(failure))
            return False
        except ActionError:
            self.finished = True
            raise
        self.finished = True
        return True

    def cancel(self) -> None:
        """Make no further attempt."""
        self._cancelled = True

    def _attempt(self) -> None:
        try:
            answer = self._endpoint.post(self._body, self._config.timeout_s)
        except ssl.SSLCertVerificationError as error:
            # It does not get better by itself within seconds.
            raise ActionError(f"{self._endpoint}: {_reason(error)}") from error
        except (OSError, http.client.HTTPException) as error:
            raise _PassingError(_reason(error)) from error
        said = f"HTTP {answer.status} {answer.text}"
        if answer.status >= 500 or answer.status == 429:
            raise _PassingError(said)
        if 300 <= answer.status < 400:
            said += " (redirects are not followed; write the final address)"
        if not 200 <= answer.status < 300:
            raise ActionError(f"{self._endpoint}: {said}")

    def _put_off(self, reason: str) -> None:
        now = self._clock()
        self._not_before[str(self._endpoint)] = now + self._config.backoff_s
        if self._attempts > self._config.retries:
            self.finished = True
            raise ActionError(f"{self._endpoint}: {reason}; gave up after {_times(self._attempts)}")
        wait_s = min(self._config.backoff_s * 2 ** (self._attempts - 1), MAX_BACKOFF_S)
        self._due = now + wait_s
        _LOG.info("%s: %s; next attempt in %g s", self._endpoint, reason, wait_s)


class _PassingError(Exception):
    """An attempt failed in a way that may pass."""


def webhook_problem(config: WebhookConfig) -> str | None:
    """Connect within two seconds, send nothing, and say what stands in the way, if anything."""
    try:
        endpoint = Endpoint.parse(config.url, config.headers)
    except ValueError as error:
        return str(error)
    try:
        endpoint.connect(CHECK_TIMEOUT_S).close()
    except (OSError, http.client.HTTPException) as error:
        return f"{endpoint} cannot be reached: {_reason(error)}"
    return None


def _body(detection: Detection) -> bytes:
    return json.dumps(
        {
            "label": detection.label,
            "score": round(float(detection.score), 4),
            "time_s": round(float(detection.time_s), 3),
            "after": detection.after,
            "host": socket.gethostname(),
        }
    ).encode()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved ({error.strerror})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
