"""The table of scripts/reproduce_headline.py, on figures that were made up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge_daemon.quantize.gate import Latency

sys.path.insert(0, str(Path(__file__).parents[3] / "scripts"))

from headline.forms import Row
from headline.table import aims, aims_table, chosen, gains, table


def row(name: str, megabytes: float, accuracy: float, ms: float, rss: float) -> Row:
    """Return a form with a steady latency."""
    return Row(
        name=name, file_bytes=round(1e6 * megabytes), accuracy=accuracy,
        latency_ms=Latency(p50=ms, p95=2 * ms, p99=3 * ms), per_second=1000 / ms,
        rss_bytes=round(1e6 * rss),
    )  # fmt: skip


@pytest.fixture
def rows() -> list[Row]:
    """Five forms that reach all aims."""
    return [
        row("Keras predict", 48.0, 0.70, 100.0, 600.0),
        row("Keras called directly", 48.0, 0.70, 20.0, 600.0),
        row("ONNX float32", 16.0, 0.70, 4.0, 70.0),
        row("ONNX dynamic INT8", 4.0, 0.699, 8.0, 60.0),
        row("ONNX static INT8", 4.0, 0.695, 2.0, 60.0),
    ]


def test_one_line_a_form(rows: list[Row]) -> None:
    """The table has every figure of every form."""
    _heading, rule, *lines = table(rows).splitlines()
    assert len(lines) == 5
    assert {line.count("|") for line in (rule, *lines)} == {9}
    assert lines[4] == (
        "| ONNX static INT8 | 4.00 MB | 69.50 % | 2.00 ms | 4.00 ms | 6.00 ms | 500 | 60 MB |"
    )


def test_aims_are_those_of_the_form_that_is_served(rows: list[Row]) -> None:
    """The faster INT8 form is held to them."""
    assert chosen(rows).name == "ONNX static INT8"
    assert [a.measured for a in aims(rows)] == [
        "91.67 %", "50.00 times", "0.50 points", "2.00 ms", "60 MB",
    ]  # fmt: skip
    assert all(a.reached for a in aims(rows))
    assert aims_table(rows).count("| yes |") == 5


def test_a_form_that_loses_too_much_is_not_served(rows: list[Row]) -> None:
    """The slower one that keeps the accuracy is."""
    rows[4] = replace(rows[4], accuracy=0.60)
    assert chosen(rows).name == "ONNX dynamic INT8"
    assert [a.reached for a in aims(rows)] == [True, False, True, False, True]


def test_all_lose_too_much(rows: list[Row]) -> None:
    """Then the faster one stands there, and the aim is not reached."""
    rows[3], rows[4] = (replace(r, accuracy=0.5) for r in rows[3:])
    assert not aims(rows)[2].reached
    assert "| accuracy lost | 0.95 points | 20.00 points | no |" in aims_table(rows)


def test_where_each_gain_comes_from(rows: list[Row]) -> None:
    """Optimizer, framework and quantization each have their share; what is slower is said."""
    size, time, slower, memory = gains(rows, 16_000_000).splitlines()
    assert "3.00 times by leaving out Adam's state" in size
    assert size.endswith("1.00 times by ONNX, 4.00 times by quantization.")
    assert "5.00 times by calling the model" in time
    assert time.endswith("2.00 times by quantization.")
    assert "ONNX dynamic INT8 is slower than float32: it takes 2.00 times as long" in slower
    assert "530 MB less without TensorFlow, 10 MB less by quantization" in memory
