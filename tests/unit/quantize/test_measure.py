"""Two models measured side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    QuantType,
    quantize_dynamic,
    quantize_static,
)

from edge_daemon.errors import ModelError
from edge_daemon.quantize.contents import file_bytes, float_operators, weight_bytes
from edge_daemon.quantize.inputs import Inputs
from edge_daemon.quantize.latency import summary
from edge_daemon.quantize.measure import Judge, judge
from edge_daemon.quantize.memory import peak_rss_bytes
from edge_daemon.quantize.paired import lost_share
from edge_daemon.quantize.served import Served
from edge_daemon.timing import Timing, in_turns, per_second

QUICK = Timing(n_rounds=3, n_calls=4, n_warm_up=1)
MIB = 1 << 20
RNG = np.random.default_rng(3)
WEIGHTS = {
    "kernel": RNG.normal(size=(8, 1, 3, 3)), "kernel_bias": RNG.normal(size=8),
    "matrix": RNG.normal(size=(8, 3)), "bias": RNG.normal(size=3),
}  # fmt: skip


def write_net(path: Path, scale: float = 1.0, size: int | str = 12) -> Path:
    """Write a convolution and a dense layer, three labels; ``scale`` changes the last weights."""
    nodes = [
        helper.make_node("Conv", ["x", "kernel", "kernel_bias"], ["heard"], "conv"),
        helper.make_node("Relu", ["heard"], ["kept"], "relu"),
        helper.make_node("GlobalAveragePool", ["kept"], ["pooled"], "pool"),
        helper.make_node("Flatten", ["pooled"], ["flat"], "flat"),
        helper.make_node("Gemm", ["flat", "matrix", "bias"], ["logits"], "dense"),
        helper.make_node("Softmax", ["logits"], ["scores"], "softmax", axis=1),
    ]
    weights = {k: v * (scale if k == "matrix" else 1.0) for k, v in WEIGHTS.items()}
    tensors = [numpy_helper.from_array(v.astype(np.float32), k) for k, v in weights.items()]
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, size, 10])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 3])], tensors,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, path)
    return path


class Few(CalibrationDataReader):
    """Some inputs to calibrate with."""

    def __init__(self, x: npt.NDArray[np.float32]) -> None:
        self._left = iter(x)

    def get_next(self) -> Any:
        """Return the next input."""
        x = next(self._left, None)
        return None if x is None else {"x": x[None]}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A float model."""
    return write_net(tmp_path / "float.onnx")


@pytest.fixture
def inputs(original: Path) -> Inputs:
    """Inputs of which the float model gets all right but every tenth."""
    x = RNG.normal(size=(60, 1, 12, 10)).astype(np.float32)
    y = Served(original).answers(x).argmax(axis=1)
    y[::10] = (y[::10] + 1) % 3
    return Inputs(x, y.astype(np.int64), tuple(map(str, range(60))), ("yes", "no", "unknown"))


@pytest.fixture
def static(original: Path, inputs: Inputs, tmp_path: Path) -> Path:
    """The model in static INT8."""
    path = tmp_path / "static.onnx"
    quantize_static(
        str(original), str(path), Few(inputs.x), per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
    return path


def test_a_model_against_itself(original: Path, inputs: Inputs) -> None:
    """Nothing is lost, nothing gained, and the interval of the loss has 0 in it."""
    stats = judge(original, original, inputs, QUICK)
    assert stats.original_accuracy == stats.quantized_accuracy == 0.9
    assert (stats.agreement, stats.largest_error, stats.compression_ratio) == (1.0, 0.0, 1.0)
    assert stats.accuracy_interval[0] < 0 < stats.accuracy_interval[1]
    assert stats.n_evaluated == 60


def test_what_gets_worse_is_seen(original: Path, inputs: Inputs, tmp_path: Path) -> None:
    """A model with its last weights turned round loses what it gets wrong, label by label."""
    worse = write_net(tmp_path / "worse.onnx", scale=-1.0)
    stats = judge(original, worse, inputs, QUICK)
    right = Served(worse).answers(inputs.x).argmax(axis=1) == inputs.y
    assert stats.quantized_accuracy == right.mean()
    assert stats.accuracy_loss == pytest.approx(100 * (0.9 - right.mean()))
    assert stats.accuracy_interval[0] < stats.accuracy_loss < stats.accuracy_interval[1]
    for number, label in enumerate(inputs.labels):
        if (inputs.y == number).any():
            assert stats.recall[label][1] == right[inputs.y == number].mean()
    assert 0 < stats.largest_error <= 1


def test_a_judge_measures_as_often_as_asked(original: Path, static: Path, inputs: Inputs) -> None:
    """One original, several candidates: each gets all of the figures."""
    judging = Judge(original, inputs, QUICK)
    for candidate in (original, static):
        stats = judging.of(candidate)
        assert len(stats.original_latency_ms.percentiles) == 101
        assert stats.original_latency_ms.p50 <= stats.original_latency_ms.p95
        assert stats.quantized_rss_bytes > 10 * MIB


def test_weights_are_counted_as_they_are_stored(original: Path, static: Path) -> None:
    """Four bytes a float; static INT8 has one a weight, four a bias, and its scales besides."""
    assert weight_bytes(original) == 4 * (8 * 9 + 8 + 8 * 3 + 3)
    extra = weight_bytes(static) - (8 * 9 + 4 * 8 + 8 * 3 + 4 * 3)
    assert 0 < extra < file_bytes(static)
    assert file_bytes(original) == original.stat().st_size


def test_weights_beside_the_file_count(original: Path, tmp_path: Path) -> None:
    """An ONNX file with its weights in another one is as large as both."""
    apart = tmp_path / "apart.onnx"
    onnx.save(
        onnx.load(original), apart, save_as_external_data=True, location="weights", size_threshold=0
    )
    assert file_bytes(apart) == apart.stat().st_size + (tmp_path / "weights").stat().st_size
    assert weight_bytes(apart) == weight_bytes(original)


def test_a_float_model_computes_in_floats(original: Path) -> None:
    """Every operator but those that only move numbers; the activation is part of the layer."""
    assert set(float_operators(original)) == {"Conv", "GlobalAveragePool", "Gemm", "Softmax"}


def test_static_int8_has_none_left(static: Path) -> None:
    """Between quantize and dequantize onnxruntime has an operator on integers for each."""
    assert float_operators(static) == {}


def test_what_is_left_out_stays_float(original: Path, inputs: Inputs, tmp_path: Path) -> None:
    """Mixed precision: the operators that were to stay float are counted, and no others."""
    path = tmp_path / "mixed.onnx"
    quantize_static(str(original), str(path), Few(inputs.x), nodes_to_exclude=["dense", "softmax"])
    assert float_operators(path) == {"Gemm": 1, "Softmax": 1}


def test_dynamic_int8_keeps_all_but_the_products(original: Path, tmp_path: Path) -> None:
    """Its scales and biases belong to the products; activation and pooling are float."""
    path = tmp_path / "dynamic.onnx"
    quantize_dynamic(str(original), str(path), weight_type=QuantType.QUInt8)
    assert float_operators(path) == {"Relu": 1, "GlobalAveragePool": 1, "Softmax": 1}


def test_scores_that_are_no_numbers(original: Path, inputs: Inputs, tmp_path: Path) -> None:
    """A candidate that answers NaN is refused by name, with how often."""
    broken = write_net(tmp_path / "broken.onnx", scale=np.nan)
    with pytest.raises(ModelError, match=r"broken\.onnx: 60 of 60 answers are not finite"):
        judge(original, broken, inputs, QUICK)


def write_text(path: Path) -> Path:
    """Write what is no model."""
    path.write_text("text")
    return path


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (write_text, "not a model"),
        (lambda path: write_net(path, size="frames"), "must be numbers"),
        (lambda path: write_net(path, size=13), r"takes \(1, 13, 10\), the data is \(1, 12, 10\)"),
    ],
)
def test_models_that_cannot_be_judged(
    write: Callable[[Path], Path], says: str, inputs: Inputs, tmp_path: Path
) -> None:
    """No model, sizes that are not fixed, or other inputs than the data has."""
    with pytest.raises(ModelError, match=rf"bad\.onnx: .*{says}"):
        Judge(write(tmp_path / "bad.onnx"), inputs, QUICK)


def test_data_of_another_model(original: Path, inputs: Inputs) -> None:
    """Labels beyond the scores mean that model and data do not belong together."""
    strange = Inputs(inputs.x, inputs.y + 2, inputs.speakers, inputs.labels)
    with pytest.raises(ModelError, match="gives 3 scores, but the data has the label 4"):
        Judge(original, strange, QUICK)


def test_a_process_of_its_own_needs_little(original: Path) -> None:
    """Python, numpy and onnxruntime, and nothing of what this test has loaded."""
    assert 20 * MIB < peak_rss_bytes(original) < 120 * MIB


def test_a_process_that_fails_says_why(tmp_path: Path) -> None:
    """Its last line is the reason."""
    with pytest.raises(ModelError, match=r"a process that serves it failed: .*not a model"):
        peak_rss_bytes(write_text(tmp_path / "text.onnx"))


class Clock:
    """A clock that only the calls move."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.log: list[tuple[str, int]] = []

    def call(self, name: str, took_s: float) -> Callable[[int], object]:
        """Return a call that takes so long."""

        def run(number: int) -> None:
            self.log.append((name, number))
            self.now_s += took_s

        return run


def test_blocks_alternate_on_the_same_inputs() -> None:
    """In each round both models answer the same inputs; neither always comes first."""
    clock = Clock()
    timing = Timing(n_rounds=20, n_calls=3, n_warm_up=0)
    calls = [clock.call("a", 0.002), clock.call("b", 0.001)]
    slow, fast = in_turns(calls, 50, timing, seed=1, clock=lambda: clock.now_s)
    assert (len(slow), len(fast)) == (60, 60)
    assert summary(slow).p50 / summary(fast).p50 == pytest.approx(2.0)
    assert per_second(fast) == pytest.approx(1000.0)
    rounds = [clock.log[i : i + 8] for i in range(0, len(clock.log), 8)]
    firsts = set()
    for each in rounds:
        one, other = each[:4], each[4:]
        assert {name for name, _ in one} != {name for name, _ in other}
        assert [number for _, number in one] == [number for _, number in other]
        firsts.add(one[0][0])
    assert firsts == {"a", "b"}


def test_slow_models_are_not_timed_for_ever() -> None:
    """After the time is over no round begins, but the least number of them is always timed."""
    clock = Clock()
    timing = Timing(n_rounds=50, n_calls=1, n_warm_up=0, most_s=10.0, least_rounds=4)
    times = in_turns([clock.call("a", 1.0)], 9, timing, seed=1, clock=lambda: clock.now_s)[0]
    assert len(times) == 6
    times = in_turns([clock.call("a", 9.0)], 9, timing, seed=1, clock=lambda: clock.now_s)[0]
    assert len(times) == 4


@pytest.mark.parametrize(
    ("counts", "interval"),
    [((36, 12, 2, 0), (0.0569, 0.3404)), ((18, 12, 2, 18), (0.0562, 0.3290))],
)
def test_intervals_as_published(
    counts: tuple[int, int, int, int], interval: tuple[float, float]
) -> None:
    """The examples of Newcombe's paper, method 10."""
    assert lost_share(*counts) == pytest.approx(interval, abs=5e-5)


@given(*(st.integers(0, 400) for _ in range(4)))
def test_intervals_hold_what_was_measured(both: int, lost: int, won: int, neither: int) -> None:
    """The measured loss is inside, nothing is outside -1 to 1, and roles swap with the sign."""
    low, high = lost_share(both, lost, won, neither)
    n = both + lost + won + neither
    assert low - 1e-9 <= (lost - won) / max(1, n) <= high + 1e-9
    assert -1 - 1e-9 <= low <= high <= 1 + 1e-9
    swapped = lost_share(both, won, lost, neither)
    assert swapped == pytest.approx((-high, -low))


def test_paired_intervals_cover_the_truth() -> None:
    """Of many experiments with a known loss, at least nineteen of twenty intervals hold it."""
    shares, n = (0.88, 0.02, 0.01, 0.09), 500
    intervals = [lost_share(*row) for row in np.random.default_rng(2).multinomial(n, shares, 400)]
    assert sum(low <= 0.01 <= high for low, high in intervals) >= 0.94 * 400
