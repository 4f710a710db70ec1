"""The figures of a real daemon: checked by promtool, and fetched by a real Prometheus."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.command_line import (
    ROOT,
    Pipe,
    RunningDaemon,
    demo_samples,
    edge_daemon,
    silence,
)
from tests.integration.sound_server import DIES_WITH_US
from tests.ports import free_port
from tests.unit.metrics.scene import samples_of

PATIENCE_S = 30.0
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"


class Listening:
    """A daemon that hears what a test says, and its figures."""

    def __init__(self, folder: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.config = folder / "config.yaml"
        self.pipe = Pipe(folder / "audio")
        sections = {
            "audio": {"source": f"pcm:{folder / 'audio'}"},
            "control": {"path": str(folder / "socket")},
            "prometheus": self.address,
        }
        self.config.write_text(json.dumps(sections))

    @contextmanager
    def running(self) -> Iterator[RunningDaemon]:
        """Run it."""
        with RunningDaemon("--config", self.config) as daemon, closing(self.pipe):
            daemon.wait_for("figures for Prometheus")
            self.pipe.wait_for_reader()
            yield daemon

    def page(self) -> str:
        """Fetch the figures."""
        return fetched(self.address, "/metrics")


def fetched(address: str, path: str) -> str:
    """Fetch a page."""
    with closing(HTTPConnection(address, timeout=PATIENCE_S)) as client:
        client.request("GET", path)
        return client.getresponse().read().decode()


def test_figures_of_a_daemon_that_listens(tmp_path: Path) -> None:
    """A word that is heard is counted on the page, which promtool has nothing to say about."""
    listening = Listening(tmp_path)
    with listening.running() as daemon:
        listening.pipe.write(demo_samples(2))
        listening.pipe.write(silence(1.0))
        word = daemon.wait_for("heard '").split("'")[1].split()[-1]
        text = listening.page()
    found = samples_of(text)
    assert found[f'edge_daemon_detections_total{{word="{word}"}}'] == 1
    assert found["edge_daemon_audio_processed_samples_total"] > 16000
    assert found['edge_daemon_condition{condition="listening"}'] == 1
    assert found['edge_daemon_stage_duration_seconds_count{stage="model"}'] > 0
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (apt install prometheus)")
    command = ["promtool", "check", "metrics"]
    checked = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


class Prometheus:
    """Debian's server, that fetches the figures of one daemon every second."""

    def __init__(self, folder: Path, target: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._folder = folder
        scrape = {"job_name": "edge-daemon", "static_configs": [{"targets": [target]}]}
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [scrape],
        }
        (folder / "prometheus.yml").write_text(json.dumps(settings))

    @contextmanager
    def running(self) -> Iterator[Prometheus]:
        """Run it."""
        options = {
            "config.file": "prometheus.yml",
            "storage.tsdb.path": "data",
            "web.listen-address": self.address,
        }
        program = ["prometheus", *(f"--{name}={value}" for name, value in options.items())]
        with (self._folder / "log").open("w") as log:
            process = subprocess.Popen([*DIES_WITH_US, *program], cwd=self._folder, stderr=log)
        try:
            yield self
        finally:
            process.terminate()
            process.wait()

    def wait_for(self, query: str) -> float:
        """Return the value of a query as soon as it has one."""
        until_s, answer = time.monotonic() + PATIENCE_S, ""
        while time.monotonic() < until_s:
            try:
                answer = fetched(self.address, f"/api/v1/query?query={quote(query)}")
                if found := json.loads(answer)["data"]["result"]:
                    return float(found[0]["value"][1])
            except (OSError, ValueError, KeyError) as error:  # it has not started yet
                answer = str(error)
            threading.Event().wait(0.1)
        raise AssertionError(f"{query}: {answer}; {(self._folder / 'log').read_text()[-2000:]}")


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs Debian's package prometheus")
def test_a_real_prometheus_fetches_them(tmp_path: Path) -> None:
    """Debian's Prometheus finds words, state and histograms, takes the alerts, and sees a mute."""
    listening = Listening(tmp_path)
    with listening.running() as daemon:
        listening.pipe.write(demo_samples(2))
        listening.pipe.write(silence(1.0))
        daemon.wait_for("heard '")
        with Prometheus(tmp_path, listening.address).running() as prometheus:
            assert prometheus.wait_for('up{job="edge-daemon"} == 1') == 1
            assert prometheus.wait_for("sum(edge_daemon_detections_total) > 0") >= 1
            quantile = "histogram_quantile(0.95, edge_daemon_latency_seconds_bucket)"
            assert 0 < prometheus.wait_for(f"{quantile} > 0") < 10
            muted = edge_daemon("mute", "--config", listening.config)
            assert muted.returncode == 0, muted.stderr
            assert prometheus.wait_for("edge_daemon_muted == 1") == 1
            rules = json.loads(fetched(prometheus.address, "/api/v1/rules"))["data"]["groups"]
            assert {rule["health"] for group in rules for rule in group["rules"]} <= {
                "ok",
                "unknown",
            }
            assert len(rules[0]["rules"]) >= 9
