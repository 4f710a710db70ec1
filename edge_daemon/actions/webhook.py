"""POST detections as JSON to a server of the user's."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from functools import partial

from edge_daemon.actions.delivery import GRACE_S, Clock, Server, Servers, WebhookJob, reason
from edge_daemon.actions.endpoint import Endpoint
from edge_daemon.config import ADDRESS, WebhookConfig, read_secret
from edge_daemon.errand import Errand
from edge_daemon.errors import ActionBusyError
from edge_daemon.types import Detection

MAX_IN_FLIGHT = 8
"""Requests of one webhook that wait for an answer or a retry; more are refused."""
CHECK_TIMEOUT_S = 2.0


class WebhookAction:
    """Sends the detections of one rule in order; what fails is sent again, later and later."""

    def __init__(
        self,
        config: WebhookConfig,
        clock: Clock = time.monotonic,
        servers: Servers | None = None,
    ) -> None:
        """Prepare for the address in ``config``; webhooks of one daemon share ``servers``.

        Raises
        ------
        ValueError
            The address or a header cannot be used.
        """
        try:
            self._endpoint = endpoint_of(config)
        except ValueError as error:
            raise ValueError(f"webhook: {error}") from None
        self._config = config
        self._clock = clock
        servers = {} if servers is None else servers
        self._server = servers.setdefault(str(self._endpoint), Server())
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
        body = _body(detection)
        after = self._in_flight[-1] if self._in_flight else None
        job = WebhookJob(self._endpoint, body, self._config, self._clock, self._server, after)
        self._in_flight.append(job)
        return job


def endpoint_of(config: WebhookConfig) -> Endpoint:
    """Return the address of a configuration, with its secrets.

    Raises
    ------
    ValueError
        It cannot be used, or a secret cannot be read.
    """
    url = read_secret(config.url_from) if config.url_from else config.url
    if not url or not re.match(ADDRESS, url):
        raise ValueError(f"{config.url_from}: does not hold an http:// or https:// address")
    secrets = {name: read_secret(source) for name, source in config.headers_from.items()}
    return Endpoint.parse(url, {**config.headers, **secrets})


def webhook_problem(config: WebhookConfig) -> str | None:
    """Connect within two seconds, send nothing, and say what stands in the way, if anything."""
    try:
        endpoint = endpoint_of(config)
    except ValueError as error:
        return str(error)
    try:
        connecting = Errand(partial(endpoint.connect, CHECK_TIMEOUT_S), "edge-webhook")
        if not connecting.wait(CHECK_TIMEOUT_S + GRACE_S):
            raise TimeoutError
        connecting.result().close()
    except (OSError, http.client.HTTPException) as error:
        return f"{endpoint} cannot be reached: {reason(error)}"
    return None


def _body(detection: Detection) -> bytes:
    return json.dumps({**detection.as_json(), "host": socket.gethostname()}).encode()
