"""A connection to Prometheus beside a main loop that answers as the daemon's does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from edge_daemon.config import Config
from edge_daemon.config.schema import PrometheusConfig
from edge_daemon.connection import Inside
from edge_daemon.control.desk import Desk
from edge_daemon.control.messages import Answer
from edge_daemon.events import Events
from edge_daemon.metrics import MetricsConnection
from edge_daemon.telemetry import Telemetry
from tests.ports import free_port

STATUS: dict[str, Any] = {
    "version": "1.2.3",
    "condition": "listening",
    "muted": False,
    "words": ["marvin", "go"],
    "thresholds": {"marvin": 0.5, "go": 0.75},
    "source": 'USB Mic "left"\\',
    "model": "commands",
    "last_audio_s": 0.1,
    "hears_only_zeros": False,
}


@dataclass
class Scene:
    """What the connection may use, a port for it, and whether the main loop answers."""

    inside: Inside = field(default_factory=lambda: Inside(Desk(), Events(), Telemetry()))
    status: dict[str, Any] = field(default_factory=lambda: dict(STATUS))
    answers: bool = True
    listen: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")

    @property
    def config(self) -> Config:
        """The configuration with nothing but this port."""
        return Config(prometheus=PrometheusConfig(listen=self.listen))

    @contextmanager
    def running(self) -> Iterator[MetricsConnection]:
        """Serve, and answer what is asked meanwhile."""
        connection = MetricsConnection(self.config, self.inside)
        is_over = threading.Event()
        loop = threading.Thread(target=self._answer_until, args=[is_over])
        connection.start()
        loop.start()
        try:
            yield connection
        finally:
            is_over.set()
            loop.join()
            connection.stop(1.0)

    def _answer_until(self, is_over: threading.Event) -> None:
        while not is_over.wait(0.001):
            for _, reply in self.inside.desk.take() if self.answers else ():
                reply(Answer(ok=True, data=self.status))

    def fetch(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Fetch a page; return its status and what came."""
        client = HTTPConnection(self.listen, timeout=30)
        with closing(client):
            client.request("GET", path, headers=headers)
            response = client.getresponse()
            return response.status, response.read()

    def text(self) -> str:
        """Fetch the figures."""
        status, page = self.fetch("/metrics")
        assert status == 200, page
        return page.decode()

    def samples(self) -> dict[str, float]:
        """Fetch the page and return its values, by ``name{label="value"}`` as it is written."""
        return samples_of(self.text())


def samples_of(text: str) -> dict[str, float]:
    """Return the values of a page."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found
