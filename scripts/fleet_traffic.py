"""Measure what one board sends and receives when it is watched: by Prometheus, and by MQTT.

    python scripts/fleet_traffic.py
    python scripts/fleet_traffic.py --minutes 20

A daemon, Debian's Prometheus and Debian's mosquitto run in a network of their own, in which every
byte that passes is theirs: with the headers of TCP, IP and Ethernet, both ways. What is heard is a
quiet room, and then the demo clip again and again. Needs the extra `test`, Debian's prometheus and
mosquitto, and either root or user namespaces.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where the package `tests` lies

import numpy as np
import soundfile

from tests.integration.broker import Broker
from tests.integration.command_line import RATE_HZ, demo_samples
from tests.integration.service import Service
from tests.integration.test_prometheus import Prometheus
from tests.ports import free_port

_INSIDE = "EDGE_DAEMON_TRAFFIC_INSIDE"
_DAY_S = 86400
_SCRAPE_EVERY_S = 15
"""Of the table; measured is each second, as a fetch takes the same bytes whenever it comes."""
_STARTS_S = 15.0
"""Discovery and retained topics are sent once, and are told apart."""


@dataclass
class Traffic:
    """What has passed."""

    n_bytes: int
    n_connections: int
    at_s: float

    @classmethod
    def now(cls) -> Traffic:
        """Read it, as the kernel counts it."""
        lo = next(x for x in Path("/proc/net/dev").read_text().splitlines() if "lo:" in x)
        tcp = [x.split() for x in Path("/proc/net/snmp").read_text().splitlines() if "Tcp:" in x]
        opened = dict(zip(*tcp, strict=True))["PassiveOpens"]
        return cls(int(lo.split(":")[1].split()[0]), int(opened), time.monotonic())

    def since(self, before: Traffic) -> Traffic:
        """Return what has passed since then, and in how many seconds."""
        return Traffic(
            self.n_bytes - before.n_bytes,
            self.n_connections - before.n_connections,
            self.at_s - before.at_s,
        )


def main() -> int:
    """Measure, and print a table; in a network of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="of each part (default: 5)")
    minutes = parser.parse_args().minutes
    if _INSIDE not in os.environ:
        return _in_a_network_of_its_own()
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            _scraped(Path(folder), 60 * minutes),
            *_by_mqtt(Path(folder), 60 * minutes),
        ]
    print("\n".join(rows))
    return 0


def _in_a_network_of_its_own() -> int:
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    command = [
        "unshare",
        *rights,
        "--net",
        "--",
        "sh",
        "-c",
        'ip link set lo up && exec "$@"',
        "sh",
    ]
    environment = {**os.environ, _INSIDE: "1"}
    return subprocess.run(
        [*command, sys.executable, *sys.argv], env=environment, check=False
    ).returncode


def _scraped(folder: Path, seconds: float) -> str:
    address = f"127.0.0.1:{free_port()}"
    sections = {"prometheus": address, "audio": _quiet(folder, seconds + 60)}
    with _running(folder, sections), Prometheus(folder, address).running():
        _wait_for_scrapes()
        before = Traffic.now()
        time.sleep(min(seconds, 120))
        found = Traffic.now().since(before)
    each = found.n_bytes / found.n_connections
    a_day = each * _DAY_S / _SCRAPE_EVERY_S
    return (
        f"Prometheus: {each:.0f} bytes a fetch ({found.n_connections} fetches); every "
        f"{_SCRAPE_EVERY_S} s: {a_day / 1e6:.1f} MB a day, {1 / _SCRAPE_EVERY_S:.3f} fetches a second"
    )


def _wait_for_scrapes() -> None:
    until_s = time.monotonic() + 60
    while Traffic.now().n_connections < 5 and time.monotonic() < until_s:
        time.sleep(0.5)


def _by_mqtt(folder: Path, seconds: float) -> Iterator[str]:
    log = folder / "mosquitto.log"
    settings = f"log_dest file {log}\nlog_type all"
    with Broker(folder, settings).start() as broker:
        section = {"mqtt": {"host": "127.0.0.1", "port": broker.port, "name": "board"}}
        began = Traffic.now()
        with _running(folder, {**section, "audio": _quiet(folder, seconds + 60)}):
            time.sleep(_STARTS_S)
            before, n_before = Traffic.now(), _n_published(log)
            yield f"MQTT, start: {before.since(began).n_bytes} bytes, {n_before} messages"
            time.sleep(seconds)
            quiet, n_quiet = Traffic.now().since(before), _n_published(log) - n_before
        quiet_a_s = quiet.n_bytes / quiet.at_s
        yield (
            f"MQTT, quiet: {n_quiet / quiet.at_s:.4f} messages a second, "
            f"{quiet_a_s * _DAY_S / 1e6:.2f} MB a day ({n_quiet} messages in {quiet.at_s:.0f} s)"
        )
        with _running(folder, {**section, "audio": _spoken(folder, seconds + 60)}) as daemon:
            time.sleep(_STARTS_S)
            before, n_before, since = Traffic.now(), _n_published(log), daemon.mark()
            time.sleep(seconds)
            spoken, n_spoken = Traffic.now().since(before), _n_published(log) - n_before
            n_heard = len(daemon.heard(since))
        more = spoken.n_bytes - quiet_a_s * spoken.at_s
        n_more = n_spoken - n_quiet / quiet.at_s * spoken.at_s
        yield (
            f"MQTT, a word: {more / n_heard:.0f} bytes, {n_more / n_heard:.1f} messages "
            f"({n_heard} words)"
        )


def _n_published(log: Path) -> int:
    return log.read_text().count("Received PUBLISH")


@contextmanager
def _running(folder: Path, sections: Mapping[str, object]) -> Iterator[Service]:
    config = folder / "config.yaml"
    config.write_text(json.dumps({"control": {"path": str(folder / "socket")}, **sections}))
    with Service(config, folder) as daemon:
        daemon.wait_for("READY=1", where="systemd")
        yield daemon
        daemon.stop()


def _quiet(folder: Path, seconds: float) -> dict[str, str]:
    noise = np.random.default_rng(1).normal(0, 20, round(seconds * RATE_HZ)).astype(np.int16)
    soundfile.write(folder / "quiet.wav", noise, RATE_HZ)
    return {"source": f"wav:{folder / 'quiet.wav'}"}


def _spoken(folder: Path, seconds: float) -> dict[str, str]:
    clip = demo_samples()
    n_times = int(seconds * RATE_HZ / len(clip)) + 1
    soundfile.write(folder / "spoken.wav", np.tile(clip, n_times), RATE_HZ)
    return {"source": f"wav:{folder / 'spoken.wav'}"}


if __name__ == "__main__":
    sys.exit(main())
