"""Measure what the daemon's process costs without extras, with each, and with all of them.

    python scripts/extras_cost.py
    python scripts/extras_cost.py --before /path/to/an/older/checkout --rounds 9

Each daemon hears the demo clip at the pace of a microphone; they have their turn one after the other,
round for round, and what is printed are medians. The broker is a real mosquitto on the loopback,
Prometheus' page is fetched as Prometheus does it, and the page to look at is fetched, and once kept
open. Needs the extra `test` and Debian's mosquitto.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, fields
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # where the package `tests` lies

from websockets.sync.client import connect

from tests.integration.broker import Broker
from tests.integration.command_line import DEMO, ROOT
from tests.integration.service import Service
from tests.ports import free_port

_SETTLES_S = 2.0
"""From the first audio on; connections are made, and what is loaded late is loaded."""
_PROGRAM = "import sys; sys.path[0] = {!r}; from edge_daemon.__main__ import main; sys.exit(main())"
_MEMORY = ("Rss:", "Private_Clean:", "Private_Dirty:")


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    ready_cpu_s: float
    """CPU time until the first audio was worked on."""
    ready_s: float
    """Time until then."""
    rss_mib: float
    private_mib: float
    """Of it what no other process shares."""
    cpu_percent: float
    """Share of a core afterwards, while it listens."""
    n_threads: float


@dataclass(frozen=True)
class Variant:
    """A daemon to measure."""

    name: str
    sections: Mapping[str, object]
    code: Path = ROOT
    fetches: tuple[str, ...] = ()
    """What is fetched before it is measured."""
    open_page: str = ""
    """Where the page is that is looked at all the time."""


def main() -> int:
    """Measure, and print a table."""
    arguments = _arguments()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(Broker(folder).start())
        variants = list(_variants(folder, broker.port, arguments.before))
        found: dict[str, list[Cost]] = {variant.name: [] for variant in variants}
        for i in range(-1, arguments.rounds):  # the first one only fills caches
            for variant in variants:
                cost = _measure(variant, folder, arguments.seconds)
                if i >= 0:
                    found[variant.name].append(cost)
            print(f"round {i + 1} of {arguments.rounds}", file=sys.stderr, flush=True)
    medians = {name: _median(costs) for name, costs in found.items()}
    print(_table(medians))
    if arguments.output:
        arguments.output.write_text(
            json.dumps({k: asdict(v) for k, v in medians.items()}, indent=1)
        )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="(default: 7)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of listening (default: 8)")
    parser.add_argument("--before", type=Path, help="another checkout, without any extra")
    parser.add_argument("-o", "--output", type=Path, help="write the medians as JSON, too")
    return parser.parse_args()


def _variants(folder: Path, broker_port: int, before: Path | None) -> Iterator[Variant]:
    page, metrics = (f"127.0.0.1:{free_port()}" for _ in range(2))
    extras: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
        "mqtt": ({"mqtt": {"host": "127.0.0.1", "port": broker_port}}, ()),
        "web": ({"web": page}, (page + "/",)),
        "prometheus": ({"prometheus": metrics}, (metrics + "/metrics",)),
        "gpio": ({"gpio": {"buttons": [{"pin": 17, "do": "mute"}], "mute_led": 27}}, ()),
        "clips": ({"clips": {"path": str(folder / "clips")}}, ()),
    }
    if before is not None:
        yield Variant("before", {}, before.resolve())
    yield Variant("none", {})
    for name, (sections, fetches) in extras.items():
        yield Variant(name, sections, fetches=fetches)
        if name == "web":
            yield Variant("web, a page open", sections, fetches=fetches, open_page=page)
    together = {key: value for sections, _ in extras.values() for key, value in sections.items()}
    yield Variant("all", together, fetches=tuple(x for _, urls in extras.values() for x in urls))


def _measure(variant: Variant, folder: Path, seconds: float) -> Cost:
    config = folder / "config.yaml"
    sections = {"audio": {"source": f"wav:{DEMO}"}, "control": {"path": str(folder / "socket")}}
    # JSON is YAML; no summary, which is no extra's and would fall into some of the measurements
    config.write_text(json.dumps({**sections, **variant.sections, "telemetry": {"interval_s": 0}}))
    program = (sys.executable, "-c", _PROGRAM.format(str(variant.code)), "run")
    env = {
        "GPIOZERO_PIN_FACTORY": "mock",
        # what is compiled in the process, instead of once for all, takes memory of its own
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }
    began_s = time.monotonic()
    with Service(config, folder, program=program, env=env) as daemon:
        ready = daemon.wait_for("READY=1", where="systemd")
        ready_cpu_s = daemon.cpu_s()
        time.sleep(_SETTLES_S)
        for address in variant.fetches:
            _fetch(address)
        with _looking_at(variant.open_page):
            before_s, since_s = daemon.cpu_s(), time.monotonic()
            time.sleep(seconds)
            percent = 100 * (daemon.cpu_s() - before_s) / (time.monotonic() - since_s)
        rss_mib, *private = _memory_mib(daemon.pid)
        n_threads = len(list(Path(f"/proc/{daemon.pid}/task").iterdir()))
        daemon.stop()
    ready_s = ready.at_s - began_s
    return Cost(ready_cpu_s, ready_s, rss_mib, sum(private), percent, n_threads)


def _fetch(address: str) -> None:
    host, _, path = address.partition("/")
    client = HTTPConnection(host, timeout=10)
    client.request("GET", f"/{path}", headers={"Accept-Encoding": "gzip"})
    response = client.getresponse()
    assert (response.status, bool(response.read())) == (200, True), address
    client.close()


@contextmanager
def _looking_at(address: str) -> Iterator[None]:
    """Take what a page takes that is open in a browser."""
    if not address:
        yield
        return
    with connect(f"ws://{address}/events", proxy=None) as page:
        reader = threading.Thread(target=lambda: [None for _ in page])
        reader.start()
        yield
        page.close()
        reader.join()


def _memory_mib(pid: int) -> list[float]:
    """Return the resident memory, and the two kinds that are private."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return [int(x.split()[1]) / 1024 for x in lines if x.startswith(_MEMORY)]


def _median(costs: list[Cost]) -> Cost:
    names = [field.name for field in fields(Cost)]
    return Cost(
        **{name: statistics.median(getattr(cost, name) for cost in costs) for name in names}
    )


def _table(medians: Mapping[str, Cost]) -> str:
    head = (
        "| | CPU s to ready | s to ready | RSS, MiB | private, MiB | CPU, % of a core | threads |"
    )
    rows = (
        f"| {name} | {x.ready_cpu_s:.2f} | {x.ready_s:.2f} | {x.rss_mib:.1f} | {x.private_mib:.1f} "
        f"| {x.cpu_percent:.2f} | {x.n_threads:g} |"
        for name, x in medians.items()
    )
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows])


if __name__ == "__main__":
    sys.exit(main())
