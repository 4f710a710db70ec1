"""A run from its beginning to its end, small, with real processes and a tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_daemon.benchmark import bench, conditions, steps
from edge_daemon.benchmark import settings as amounts
from edge_daemon.benchmark.audio import Recording
from edge_daemon.benchmark.bench import Bench, Request
from edge_daemon.benchmark.combination import combinations
from edge_daemon.benchmark.conditions import Conditions, read_often
from edge_daemon.benchmark.document import Document
from edge_daemon.benchmark.energy import Energy
from edge_daemon.benchmark.settings import Settings
from edge_daemon.board import read_board
from edge_daemon.telemetry.sensors import Sampler, find_sensors
from tests.tiny_models import write_model
from tests.tone_words import write_clips, write_tone_model
from tests.unit.benchmark.test_processes import PEER

TINY = Settings(
    n_rounds=2, listening_s=0.4, fast_s=0.5, latency_s=0.1, most_latency_s=0.1, n_calls=2,
    n_warm_up=1,
)  # fmt: skip


@dataclass
class Watched:
    """What a run told on its way."""

    document: Document
    told: list[str] = field(default_factory=list)
    kept: list[Document] = field(default_factory=list)


def measure(request: Request, root: Path, folder: Path) -> Watched:
    """Run to the end, with the sensors of a tree."""
    sensors = read_often(find_sensors(root))
    sampler = Sampler(sensors, 0.05)
    measuring = Bench(request, Conditions(sensors, sampler), read_board(root), folder)
    watched = Watched(measuring.document())
    sampler.start()
    try:
        measuring.run(
            lambda text, step, n_steps: watched.told.append(f"{step}/{n_steps} {text}"),
            lambda: watched.kept.append(measuring.document()),
        )
    finally:
        sampler.stop(1.0)
    watched.document = measuring.document()
    return watched


def request(*models: Path, peers: tuple[str, ...] = (), settings: Settings = TINY) -> Request:
    """Return what is to be measured."""
    return Request(
        combinations(list(map(str, models))), list(peers), Recording(None), None, settings
    )


@pytest.fixture(autouse=True, scope="module")
def _short() -> Iterator[None]:
    """Let the spans that a real meter needs be short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amounts, "_LEAST_POWERED_S", 0.1)
        patch.setattr(steps, "SETTLED_S", 0.05)
        patch.setattr(bench, "_LOOK_S", 0.01)
        patch.setattr(conditions._Often, "period_s", 0.02)
        yield


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, _short: None) -> Watched:
    """A run with a model, a file that is none, a peer, and one that fails from its second time on."""
    folder = tmp_path_factory.mktemp("run")
    model, broken = write_model(folder / "tiny.onnx"), folder / "broken.onnx"
    broken.write_bytes(b"no model")
    peer, once = folder / "peer.py", folder / "once.py"
    told = PEER.replace('"audio_s": 2.0', '"audio_s": 0.3')  # of 0.2 and 0.5
    peer.write_text(told)
    once.write_text(
        f"import pathlib\nmark = pathlib.Path({str(folder / 'mark')!r})\n"
        "if mark.exists():\n    raise SystemExit('enough')\n"
        f"{told.replace('another', 'once')}"
        "if '--describe' not in sys.argv:\n    mark.touch()\n"
    )
    peers = (str(peer), str(once))
    return measure(request(model, broken, peers=peers), folder / "no sensors", folder)


def test_everything_is_measured(watched: Watched) -> None:
    """Every figure of a combination that can be had."""
    tiny = watched.document.rows[0]
    assert tiny.refused is None
    assert tiny.obtained_provider == "cpu"
    assert tiny.model_file == "tiny.onnx"
    assert tiny.model_latency is not None
    assert tiny.pipeline_latency is not None
    assert tiny.pipeline_latency.p50_ms.value > tiny.model_latency.p50_ms.value
    assert len(tiny.model_latency.p50_of_rounds_ms) == TINY.n_rounds
    assert min(tiny.model_latency.p50_of_rounds_ms) <= tiny.model_latency.p50_ms.value
    assert tiny.realtime_factor is not None
    assert 0 < tiny.realtime_factor < 1
    assert tiny.stages_cpu_ms_per_audio_s.keys() == {"frontend", "model", "decision"}
    assert tiny.process is not None
    assert tiny.process.listening_cpu_percent is not None
    assert tiny.process.listening_cpu_percent.n == TINY.n_rounds
    assert tiny.no_energy.startswith("no sensor: ")


def test_a_model_that_is_none_is_a_row_with_its_reason(watched: Watched) -> None:
    """The others are measured all the same."""
    refused = watched.document.rows[1]
    assert "broken.onnx" in (refused.refused or "")
    assert refused.process is None
    assert any("broken.onnx" in line for line in watched.document.remarks)


def test_a_peer_that_fails_keeps_what_it_had(watched: Watched) -> None:
    """It is not run again, and says why; the other is held to us in every round."""
    whole, part = watched.document.peers
    assert whole.refused is None
    assert whole.times_ours.keys() >= {"listening_cpu", "fast_cpu", "fast_p99"}
    assert "enough" in (part.refused or "")
    assert part.process is not None
    assert part.process.start_cpu_s.n == 1


def test_what_is_kept_grows_round_by_round(watched: Watched) -> None:
    """After each round there is a whole document, marked as not complete until the end."""
    assert [kept.n_rounds_done for kept in watched.kept] == [0, 1, 2]
    assert not any(kept.complete for kept in watched.kept)
    assert watched.document.complete
    assert watched.kept[1].rows[0].process is not None
    assert watched.told[-1].startswith(f"{len(watched.told)}/{len(watched.told)} ")


def test_every_round_has_everything_once(watched: Watched) -> None:
    """So that what drifts hits all alike."""
    names = ("tiny.onnx, auto, 1 thread", "another")
    processes = [(kind, name) for kind in ("fast", "realtime") for name in names]
    for n in range(1, TINY.n_rounds + 1):
        windows = [w for w in watched.document.windows if w.round == n and w.row != "once"]
        done = [(w.kind, w.row) for w in windows if w.kind != "after"]
        assert sorted(done, key=str) == sorted([("latency", None), *processes], key=str)


def test_energy_is_measured_where_there_is_a_meter(tmp_path: Path) -> None:
    """With a meter that always says the same there is a figure with idle, and none above it."""
    monitor = tmp_path / "root/sys/class/hwmon/hwmon0"
    monitor.mkdir(parents=True)
    (monitor / "name").write_text("ina219\n")
    (monitor / "power1_input").write_text("3000000\n")
    asked = request(write_model(tmp_path / "tiny.onnx"), settings=replace(TINY, n_rounds=3))
    document = measure(asked, tmp_path / "root", tmp_path).document
    [found] = document.rows
    assert document.sensors.meter is not None
    assert isinstance(found.energy, Energy)
    assert found.energy.idle_w.value == 3.0
    assert found.energy.joules_per_inference is not None
    assert found.energy.joules_per_inference.value > 0
    assert found.energy.joules_per_inference_above_idle is None
    assert "two sigma" in found.energy.inference_above_idle_reason
    kinds = [window.kind for window in document.windows]
    assert kinds.count("idle") == kinds.count("listening") == kinds.count("inferring") == 3


def test_accuracy_is_measured_where_there_are_clips(tmp_path: Path) -> None:
    """Of as many clips as are asked for; clips that are none are a remark, and no end."""
    data = write_clips(tmp_path / "clips", {"low": 3, "high": 3})
    model = write_tone_model(tmp_path / "tiny.onnx")
    asked = request(model, settings=replace(TINY, n_rounds=1, limit=4))
    asked = Request(asked.combinations, [], asked.recording, data, asked.settings)
    [found] = measure(asked, tmp_path / "none", tmp_path).document.rows
    assert found.accuracy is not None
    assert found.accuracy.n_clips == 4
    gone = Request(asked.combinations, [], asked.recording, tmp_path / "gone", asked.settings)
    [found] = measure(gone, tmp_path / "none", tmp_path).document.rows
    assert found.accuracy is None
    assert found.process is not None
    assert "gone" in (found.refused or "")


def test_nothing_to_measure_is_no_crash(tmp_path: Path) -> None:
    """All that was asked for is refused."""
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"")
    document = measure(request(broken), tmp_path / "none", tmp_path).document
    assert document.complete
    assert document.rows[0].refused is not None
