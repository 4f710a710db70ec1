"""The way out to Prometheus: a port of its own, where it fetches the figures."""

from __future__ import annotations

import errno
import logging
import threading

from edge_daemon.config import Config
from edge_daemon.config.address import parse_listen
from edge_daemon.connection import Inside
from edge_daemon.errors import EdgeDaemonError, MissingDependency

_LOG = logging.getLogger(__name__)
_WHERE = "prometheus.listen"
_ADVICE = {errno.EAFNOSUPPORT: "the service has no network before deploy/drop-ins/loopback.conf"}


class MetricsConnection:
    """Serves http://HOST:PORT/metrics, in threads of its own.

    Parameters
    ----------
    config : Config
    inside : Inside

    Raises
    ------
    MissingDependency
        prometheus-client is not installed.
    """

    def __init__(self, config: Config, inside: Inside) -> None:
        self._address = parse_listen(config.prometheus.listen or "")
        try:
            from prometheus_client import CollectorRegistry, ProcessCollector

            from edge_daemon.metrics.collector import DaemonCollector
            from edge_daemon.metrics.newest import Newest
            from edge_daemon.metrics.server import MetricsServer
        except ModuleNotFoundError as error:
            raise MissingDependency(
                f"{_WHERE}: needs prometheus-client, which cannot be loaded ({error}); "
                "run: pip install 'edge-daemon[prometheus]'"
            ) from None
        self._events = inside.events
        self._newest = Newest(inside.desk)
        # Not the library's own one, in which other libraries may leave theirs.
        self._registry = CollectorRegistry()
        self._registry.register(DaemonCollector(inside.telemetry, self._newest))
        ProcessCollector(registry=self._registry)
        self._open = MetricsServer
        self._server: MetricsServer | None = None

    def start(self) -> None:
        """Listen, and follow what happens.

        Raises
        ------
        EdgeDaemonError
            The address cannot be listened at, as when it is taken.
        """
        try:
            server = self._open(self._address, self._registry)
        except OSError as error:
            raise EdgeDaemonError(
                f"{_WHERE}: {self._address}: cannot listen there: {error.strerror or error}; "
                f"{_ADVICE.get(error.errno or 0, 'choose another HOST:PORT')}"
            ) from None
        self._server = server
        self._events.subscribe(self._newest.take)
        threading.Thread(target=server.serve, name="edge-metrics", daemon=True).start()
        _LOG.info("figures for Prometheus: http://%s/metrics", self._address)
        if not self._address.is_loopback:
            _LOG.warning(
                "%s: %s: who can reach this address can read the figures, how often which word was "
                "heard among them; a firewall should let in Prometheus alone",
                _WHERE,
                self._address,
            )

    def stop(self, timeout_s: float) -> None:
        """Give the address free; figures that are being fetched may still go out."""
        self._events.unsubscribe(self._newest.take)
        if self._server:
            self._server.close(timeout_s)
            self._server = None
