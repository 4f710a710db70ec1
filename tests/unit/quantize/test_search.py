"""Which methods are tried, in which order, and which of them is taken."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace as with_settings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from onnx import helper

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.quantize.attempts import Attempts
from edge_daemon.quantize.cache import Cache, question
from edge_daemon.quantize.candidates import Candidates, candidates, coordinates, cpu_flags, mixed
from edge_daemon.quantize.gate import Gate
from edge_daemon.quantize.inputs import Material
from edge_daemon.quantize.measure import Judge
from edge_daemon.quantize.methods import Method
from edge_daemon.quantize.prepare import prepare
from edge_daemon.quantize.ranking import best, lacks_accuracy_only, nearest
from edge_daemon.quantize.search import search
from edge_daemon.quantize.sensitivity import errors_of_layers, most_sensitive_first
from edge_daemon.quantize.served import Served
from edge_daemon.quantize.settings import Settings
from edge_daemon.quantize.trial import Trial
from edge_daemon.timing import Timing
from tests.small_networks import labelled, network, random_inputs, write_convolution
from tests.unit.quantize.test_report import measured

GATE = Gate()
LOOSE = Gate(max_accuracy_loss=100.0, min_speedup=0.0, min_compression=0.0)
MANY = candidates("static", "cpu")


class Measured:
    """Stands for `Attempts`: per tensor is fast, entropy fails, and nothing takes any time."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.gate = GATE
        self._known: dict[str, Trial] = {}

    def learn(self, trial: Trial) -> None:
        """Take over what another machine has found."""
        self._known.setdefault(trial.method.name, trial)

    def attempt(self, method: Method) -> Trial:
        """Return figures that follow from the method alone."""
        if method.name not in self._known:
            self.made.append(method.name)
            p50 = 1.0 + method.per_channel + 0.1 * method.signed_activations
            trial = measured(method, p50)
            if method.calibration == "entropy":
                trial = Trial(method=method, error="no numbers")
            self._known[method.name] = trial
        return self._known[method.name]


def found(attempts: Any, settings: Settings, among: Candidates = MANY) -> list[Trial]:
    """Return all trials of a search."""
    return list(search(among, attempts, settings, "question"))


def test_a_handful_is_tried_in_order() -> None:
    """All of them, and no search is needed."""
    few, attempts = candidates("dynamic", "cpu"), Measured()
    trials = found(attempts, Settings(), few)
    assert [t.method for t in trials] == [*few.first, *few.others]


@pytest.mark.parametrize("n_trials", [1, 5, 9])
def test_no_more_are_made_than_asked_for(n_trials: int) -> None:
    """And none twice."""
    attempts = Measured()
    trials = found(attempts, Settings(n_trials=n_trials))
    assert len(trials) == len(set(attempts.made)) == len(attempts.made) == n_trials


def test_the_usual_ones_come_first() -> None:
    """Whatever the search proposes afterwards."""
    attempts = Measured()
    found(attempts, Settings(n_trials=4))
    assert attempts.made[:2] == [m.name for m in MANY.first]


def test_a_search_is_repeatable() -> None:
    """The same seed proposes the same methods, so that cached results are met again."""
    one, other = Measured(), Measured()
    for attempts in (one, other):
        found(attempts, Settings(n_trials=8, seed=4))
    assert one.made == other.made


@pytest.fixture
def storage() -> Iterator[str]:
    """Return the URL of an SQLite file, in memory where there is such a folder: it syncs a lot."""
    fast = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=fast) as folder:
        yield f"sqlite:///{folder}/study.db"


def test_machines_share_a_storage(storage: str) -> None:
    """The second one is told what the first has measured, and measures only the rest."""
    settings = Settings(n_trials=5, storage=storage)
    first, second = Measured(), Measured()
    found(first, settings)
    trials = found(second, with_settings(settings, n_trials=8))
    assert {t.method.name for t in trials} >= set(first.made)
    assert len(trials) == 8
    assert not set(first.made) & set(second.made)


def test_a_search_that_was_interrupted_goes_on(storage: str) -> None:
    """Ctrl-C in a trial loses this trial only."""
    settings = Settings(n_trials=6, storage=storage)

    class Interrupted(Measured):
        def attempt(self, method: Method) -> Trial:
            if len(self.made) == 3:
                raise KeyboardInterrupt
            return super().attempt(method)

    first, second = Interrupted(), Measured()
    with pytest.raises(KeyboardInterrupt):
        found(first, settings)
    assert len(found(second, settings)) == 6
    assert not set(first.made) & set(second.made)


def test_a_storage_that_cannot_be_used(tmp_path: Path) -> None:
    """It is said before anything is tried."""
    attempts = Measured()
    for url in (f"sqlite:///{tmp_path}/no/such/folder.db", "nonsense"):
        with pytest.raises(EdgeDaemonError, match="storage cannot be used"):
            found(attempts, Settings(storage=url))
    assert attempts.made == []


@pytest.mark.parametrize("method", ["auto", "dynamic", "static", "fp16"])
@pytest.mark.parametrize("target", ["cpu", "arm64", "cuda", "tensorrt"])
def test_candidates_can_be_told_apart(method: Any, target: Any) -> None:
    """By their names, and by their places on the axes of a search."""
    every = candidates(method, target)
    methods = [*every.first, *every.others]
    assert len({m.name for m in methods}) == len(methods)
    assert len({frozenset(coordinates(m).items()) for m in methods}) == len(methods)


def test_what_suits_a_target() -> None:
    """CUDA has FP16 only; TensorRT no INT8 but the symmetric one."""
    assert {m.kind for m in candidates("auto", "cuda").first} == {"fp16"}
    assert len(candidates("static", "cuda")) == len(candidates("dynamic", "tensorrt")) == 0
    tensorrt = candidates("auto", "tensorrt")
    int8 = [m for m in (*tensorrt.first, *tensorrt.others) if m.kind != "fp16"]
    assert int8
    assert all(m.symmetric and m.signed_activations and not m.reduce_range for m in int8)


def test_weights_of_seven_bits_where_eight_overflow(tmp_path: Path) -> None:
    """An x86 tells by its flags; other processors have none."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni\n\nflags\t\t: fpu avx2\n")
    assert cpu_flags(cpuinfo) == {"fpu", "avx2", "avx512_vnni"}
    assert cpu_flags(tmp_path / "none") == set()


def test_mixed_keeps_the_most_sensitive_first() -> None:
    """More and more of them, never all."""
    methods = mixed("cpu", ("worst", "bad", "good")).others
    assert {m.keep_float for m in methods} == {("worst",), ("worst", "bad")}


def trial(speedup: float, size: int = 100, **differs: Any) -> Trial:
    """Return a trial that passes, unless it differs in what the gate asks for."""
    made = measured(Method(kind="static", percentile=speedup), 1.0 / speedup)
    assert made.stats is not None
    stats = replace(made.stats, quantized_bytes=size, original_bytes=400, **differs)
    return replace(made, stats=stats).judged(GATE)


def as_fast(p50: float = 1.0) -> dict[str, Any]:
    """Return an original that takes so long."""
    like = measured(Method(kind="static")).stats
    assert like is not None
    return {"original_latency_ms": replace(like.original_latency_ms, p50=p50)}


def test_the_fastest_is_taken() -> None:
    """However much smaller another one is."""
    fast, small = trial(3.0, 150, **as_fast()), trial(2.0, 50, **as_fast())
    assert best([small, fast]) == fast


def test_the_smallest_of_those_that_are_as_fast() -> None:
    """A percent is no difference."""
    fast, small = trial(3.0, 150, **as_fast()), trial(2.97, 50, **as_fast())
    assert best([fast, small]) == small


def test_what_fails_the_gate_is_not_taken() -> None:
    """None is, where all fail; the one that came nearest is shown."""
    slow, slower = trial(0.9, **as_fast()), trial(0.3, **as_fast())
    broken = Trial(method=Method(kind="fp16"), error="no numbers")
    assert best([slow, slower, broken]) is None
    assert nearest([broken, slower, slow], GATE) == slow
    assert nearest([broken], GATE) is None


def test_layers_in_float_are_worth_a_try_only_for_accuracy() -> None:
    """A model that is too slow gets slower by them."""
    wrong: dict[str, Any] = {"original_accuracy": 0.9, "quantized_accuracy": 0.7}
    assert lacks_accuracy_only([trial(2.0, **wrong, **as_fast())], GATE)
    assert not lacks_accuracy_only([trial(0.5, **wrong, **as_fast())], GATE)
    assert not lacks_accuracy_only([trial(2.0, **as_fast())], GATE)


def test_results_are_kept(tmp_path: Path) -> None:
    """A line that was cut off by a kill costs its own trial only."""
    cache = Cache(tmp_path / "new", "key")
    kept = [measured(Method(kind="static", percentile=p)) for p in (99.0, 99.9)]
    cache.put(kept[0])
    path = tmp_path / "new" / "key.jsonl"
    path.write_bytes(path.read_bytes() + b'{"method": {"ki')
    Cache(tmp_path / "new", "key").put(kept[1])
    again = Cache(tmp_path / "new", "key")
    assert [again.get(t.method.name) for t in kept] == kept
    assert again.get("another") is None


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_result_is_measured_anew(at: int, bit: int, cut: bool) -> None:
    """Cut off anywhere, or with any bit wrong, no trial comes back with other figures."""
    kept = [measured(Method(kind="static", percentile=p)) for p in (99.0, 99.9)]
    with tempfile.TemporaryDirectory() as folder:
        cache = Cache(Path(folder), "key")
        for one in kept:
            cache.put(one)
        path = Path(folder, "key.jsonl")
        content = bytearray(path.read_bytes())
        at %= len(content)
        content[at] ^= 1 << bit
        path.write_bytes(content[:at] if cut else content)
        again = Cache(Path(folder), "key")
        found = [again.get(one.method.name) for one in kept]
    assert all(found[i] in (None, one) for i, one in enumerate(kept))


def test_results_that_cannot_be_kept(tmp_path: Path) -> None:
    """The folder is named."""
    (tmp_path / "file").write_text("")
    with pytest.raises(EdgeDaemonError, match="--cache"):
        Cache(tmp_path / "file" / "folder", "key")


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network."""
    return write_convolution(tmp_path_factory.mktemp("search") / "net.onnx")


@pytest.fixture
def material(net: Path) -> Material:
    """Inputs whose labels the network gives."""
    x = random_inputs(40)
    y = Served(net).answers(x).argmax(axis=1)
    return Material(labelled(x[:20], y[:20]), labelled(x[20:], y[20:]))


def test_other_data_is_another_question(net: Path, material: Material) -> None:
    """A result holds for one model, one set of inputs, and one setting."""
    key = question(net, material, (1,))
    assert question(net, material, (1,)) == key
    swapped = Material(material.evaluation, material.calibration)
    assert len({key, question(net, swapped, (1,)), question(net, material, (2,))}) == 3


def test_a_second_run_measures_nothing_again(
    net: Path, material: Material, tmp_path: Path
) -> None:  # fmt: skip
    """What is known is taken from the cache, held to the gate of this run."""
    timing = Timing(n_rounds=2, n_calls=2, n_warm_up=1, least_rounds=1)
    prepare(net, tmp_path / "prepared.onnx")
    trials = []
    for gate in (LOOSE, Gate(min_compression=99.0)):
        judge = Judge(net, material.evaluation, timing)
        cache = Cache(tmp_path, "key")
        attempts = Attempts(
            tmp_path / "prepared.onnx", material.calibration.x, judge, gate, cache
        )  # fmt: skip
        trials.append(attempts.attempt(Method(kind="static", calibration="minmax")))
    assert trials[0].stats == trials[1].stats
    assert trials[0].passed
    assert not trials[1].passed


def test_a_method_that_fails_is_a_trial_too(
    net: Path, material: Material, tmp_path: Path
) -> None:  # fmt: skip
    """Its error is one line, without the folder that is gone by then."""
    (tmp_path / "prepared.onnx").write_bytes(b"no model")
    judge = Judge(net, material.evaluation, Timing(n_rounds=1, n_calls=1))
    attempts = Attempts(
        tmp_path / "prepared.onnx", material.calibration.x, judge, GATE, Cache(None, "")
    )  # fmt: skip
    failed = attempts.attempt(Method(kind="static"))
    assert failed.error
    assert "\n" not in failed.error
    assert str(tmp_path) not in failed.error
    assert not failed.passed


def test_layers_that_lose_most(tmp_path: Path) -> None:
    """A layer in which unused weights are huge has none but zeros left of the others."""
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(8, 8)), rng.normal(size=(8, 4))
    first[0] *= 1000.0
    nodes = [
        helper.make_node("MatMul", ["features", "first"], ["hidden"], "fragile"),
        helper.make_node("MatMul", ["hidden", "second"], ["logits"], "robust"),
        helper.make_node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    onnx.save(network(nodes, {"first": first, "second": second}, ["n", 8], 4), tmp_path / "a.onnx")
    prepare(tmp_path / "a.onnx", tmp_path / "prepared.onnx")
    x = random_inputs(20, (8,))
    x[:, 0] = 0.0
    usual = Method(kind="static", calibration="minmax")
    errors = dict(errors_of_layers(tmp_path / "prepared.onnx", x, usual))
    assert most_sensitive_first(errors) == ("fragile", "robust")
    assert not (tmp_path / "one-layer.onnx").exists()
