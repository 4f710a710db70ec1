"""The rules that decide whether a quantized model takes the place of the original."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_daemon.errors import ConfigError
from edge_daemon.quantize.gate import Gate, Latency, Stats, failures, should_quantize

STATS = Stats(
    original_bytes=4_000_000,
    quantized_bytes=1_000_000,
    original_weight_bytes=3_900_000,
    quantized_weight_bytes=980_000,
    original_accuracy=0.90,
    quantized_accuracy=0.895,
    accuracy_interval=(-0.3, 1.4),
    recall={"yes": (0.95, 0.94), "no": (0.85, 0.85)},
    agreement=0.98,
    largest_error=0.07,
    original_latency_ms=Latency(p50=2.0, p95=2.5, p99=3.0),
    quantized_latency_ms=Latency(p50=1.0, p95=1.2, p99=1.5),
    original_per_second=480.0,
    quantized_per_second=950.0,
    original_rss_bytes=70_000_000,
    quantized_rss_bytes=60_000_000,
    n_evaluated=2000,
    float_operators={"Softmax": 1},
)
"""Four times smaller, twice as fast, half a point lost."""


def test_what_the_figures_amount_to() -> None:
    """Ratios are original over quantized; the loss is in points."""
    assert STATS.compression_ratio == 4.0
    assert STATS.speedup == 2.0
    assert STATS.accuracy_loss == pytest.approx(0.5)


def test_within_every_limit_it_is_taken() -> None:
    """No rule fails, so the quantized model may be served."""
    assert failures(STATS, Gate()) == []
    assert should_quantize(STATS, Gate())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quantized_accuracy": 0.8669}, "accuracy: 3.31 points lost, 2.31 more than the 1.00"),
        ({"quantized_bytes": 2_500_000}, "compression: 1.60 times smaller, 0.40 short of the 2.00"),
        (
            {"quantized_latency_ms": Latency(p50=8.0, p95=9.0, p99=9.0)},
            "speed: 0.25 times as fast, which is 4.00 times slower, 0.75 short of the 1.00",
        ),
    ],
)
def test_a_rule_that_fails_says_by_how_much(change: dict[str, object], says: str) -> None:
    """One line for the rule, with what was measured, the limit, and what lies between."""
    [line] = failures(replace(STATS, **change), Gate())
    assert line.startswith(says)
    assert not should_quantize(replace(STATS, **change), Gate())


def test_a_near_miss_is_no_nothing() -> None:
    """What is short by less than is shown is told as what it is, not as 0.00."""
    [line] = failures(replace(STATS, quantized_bytes=2_002_000), Gate())
    assert "2.00 times smaller, 0.002 short of the 2.00" in line


def test_limits_are_inside() -> None:
    """Exactly as much as is allowed is allowed, whatever floating point makes of it."""
    stats = replace(STATS, quantized_accuracy=0.89, quantized_bytes=2_000_000)
    assert 100 * (0.90 - 0.89) > 1.0
    assert should_quantize(stats, Gate(max_accuracy_loss=1.0, min_compression=2.0, min_speedup=2.0))


def test_a_figure_that_is_no_number_fails() -> None:
    """Nothing passes because it could not be measured."""
    assert len(failures(replace(STATS, quantized_accuracy=math.nan), Gate())) == 1


def test_a_limit_that_is_no_number_is_refused() -> None:
    """Such a limit is a mistake, not a rule that nothing keeps."""
    with pytest.raises(ConfigError, match="min_speedup: nan is not a number"):
        Gate(min_speedup=math.nan)


@given(
    loss=st.floats(-20, 20), ratio=st.floats(0.1, 30), speedup=st.floats(0.01, 50),
    gate=st.builds(
        Gate, max_accuracy_loss=st.floats(0, 5), min_compression=st.floats(1, 4),
        min_speedup=st.floats(0, 4),
    ),
)  # fmt: skip
def test_a_better_model_never_fails_where_a_worse_one_passes(
    loss: float, ratio: float, speedup: float, gate: Gate
) -> None:
    """More accuracy, a smaller file and more speed never turn a yes into a no."""

    def stats(better: float) -> Stats:
        return replace(
            STATS,
            quantized_accuracy=STATS.original_accuracy - (loss - better) / 100,
            quantized_bytes=max(1, round(STATS.original_bytes / (ratio + better))),
            quantized_latency_ms=Latency(p50=2.0 / (speedup + better), p95=3.0, p99=4.0),
        )

    worse, better = failures(stats(0.0), gate), failures(stats(0.5), gate)
    assert {x.split(":")[0] for x in better} <= {x.split(":")[0] for x in worse}
