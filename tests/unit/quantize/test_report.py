"""What the report of a quantization says."""

from __future__ import annotations

import builtins
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from edge_daemon.processor import processor_name
from edge_daemon.quantize.gate import Gate, Latency, Stats
from edge_daemon.quantize.methods import Method
from edge_daemon.quantize.report import document, report, write_report
from edge_daemon.quantize.report.front import front
from edge_daemon.quantize.report.plots import plots
from edge_daemon.quantize.report.remarks import remarks
from edge_daemon.quantize.result import QuantizationResult
from edge_daemon.quantize.trial import Trial
from tests.unit.quantize.test_gate import STATS

GATE = Gate()
STATIC = Method(kind="static")
DYNAMIC = Method(kind="dynamic")
FP16 = Method(kind="fp16")


def latency(p50: float) -> Latency:
    """Return latencies about a median."""
    percentiles = tuple(np.linspace(0.8 * p50, 1.5 * p50, 101).tolist())
    return Latency(p50=p50, p95=1.4 * p50, p99=1.48 * p50, percentiles=percentiles)


def measured(method: Method, p50: float = 1.0, **differs: Any) -> Trial:
    """Return a trial of which an inference takes so long; the original takes 2 ms."""
    stats = replace(
        STATS, original_latency_ms=latency(2.0), quantized_latency_ms=latency(p50), **differs
    )
    return Trial(method=method, stats=stats).judged(GATE)


BEST = measured(STATIC)
SLOW = measured(DYNAMIC, p50=6.2, quantized_bytes=1_010_000)
HALVED = measured(FP16, p50=2.1, quantized_bytes=2_000_000, float_operators={"Conv": 4})
BROKEN = Trial(method=Method(kind="static", symmetric=True), error="answers <NaN> & worse")


def result(*trials: Trial, chosen: Trial | None = BEST, **differs: Any) -> QuantizationResult:
    """Return what comes of such trials."""
    values: dict[str, Any] = {
        "original": Path("model.onnx"), "output": Path("small.onnx"), "gate": GATE,
        "chosen": chosen.method if chosen else None, "stats": BEST.stats,
        "trials": trials or (BEST, SLOW, HALVED, BROKEN),
    }  # fmt: skip
    return QuantizationResult(**{**values, **differs})


REFUSED = result(
    SLOW, BROKEN, chosen=None, stats=SLOW.stats, reasons=("speed: too slow", "and so on")
)
UNMEASURED = result(BROKEN, chosen=None, stats=None, reasons=("nothing could be measured",))


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what is loaded from elsewhere, and which elements are open."""
        self.links += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect the text."""
        self.text += data


def without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the import of matplotlib fail, as where it is not installed."""
    load = builtins.__import__

    def refuse(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError("No module named 'matplotlib'")
        return load(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no matplotlib."""
    without_matplotlib(monkeypatch)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("told", [result(), REFUSED, UNMEASURED])
def test_every_trial_is_on_the_page(told: QuantizationResult) -> None:
    """Chosen, passed, refused or failed: each is named with what came of it."""
    seen = Page(report(told))
    assert not seen.open
    for trial in told.trials:
        assert trial.method.name in seen.text
        for line in (*trial.failures, trial.error or ""):
            assert line in seen.text


@pytest.mark.usefixtures("plain")
def test_the_verdict_comes_first() -> None:
    """Whether it was quantized, or why not, line by line."""
    assert re.search(r"Quantized with static-.*4\.00 times smaller, 2\.00 times as fast, 0\.50 "
                     r"points", Page(report(result())).text)  # fmt: skip
    text = Page(report(REFUSED)).text
    assert "The original was kept: small.onnx is the float model.speed: too slow" in text


@pytest.mark.usefixtures("plain")
def test_without_matplotlib_the_page_says_how_to_get_it() -> None:
    """The tables are there all the same."""
    seen = Page(report(result()))
    assert "No plots: " in seen.text
    assert "pip install 'edge-daemon[plots]'" in seen.text
    assert seen.links == []


def test_the_page_is_one_file() -> None:
    """Its pictures are in it, and it asks for nothing from anywhere."""
    text = report(result())
    seen = Page(text)
    assert len(seen.links) == 4
    assert all(link.startswith("data:image/png;base64,") for link in seen.links)
    assert "http" not in text
    assert 'name="viewport"' in text


def test_pictures_of_what_was_measured() -> None:
    """Nothing is drawn of figures that are not there."""
    assert list(plots(UNMEASURED)) == []
    bare = replace(STATS, source_bytes=12_000_000)
    assert list(plots(result(BROKEN, stats=bare))) == ["size", "accuracy by class"]


@pytest.mark.usefixtures("plain")
def test_both_forms_are_written(tmp_path: Path) -> None:
    """The JSON is strict, and has all that was measured of each trial."""
    write_report(result(), tmp_path / "a.json", tmp_path / "a.html")
    told = json.loads((tmp_path / "a.json").read_text())
    assert told == json.loads(json.dumps(document(result())))
    assert told["accepted"]
    assert told["method"] == STATIC.name
    assert told["stats"]["compression_ratio"] == 4.0
    assert [t["name"] for t in told["trials"]] == [t.method.name for t in result().trials]
    assert told["trials"][1]["failures"] == list(SLOW.failures)
    assert told["trials"][3] | {"method": None} == {
        "name": BROKEN.method.name, "passed": False, "failures": [], "method": None,
        "error": BROKEN.error, "stats": None,
    }  # fmt: skip
    assert "<!DOCTYPE html>" in (tmp_path / "a.html").read_text()


def test_dynamic_int8_that_is_slower_is_told() -> None:
    """The sentence says by how much, and of how many; there is none where it is faster."""
    faster = measured(Method(kind="dynamic", per_channel=False))
    line = remarks(result(BEST, SLOW, faster))[0]
    assert "slower than float32 here (1 of 2" in line
    assert "dynamic-s8-channel takes 3.10 times as long" in line
    assert not any("Dynamic" in line for line in remarks(result(measured(DYNAMIC, p50=0.9))))


def test_remarks_follow_from_the_figures() -> None:
    """FP16 without kernels, an optimizer's state, a loss by chance, memory not measured."""
    stats = replace(STATS, source_bytes=12_000_000, original_rss_bytes=0)
    told = remarks(result(BEST, HALVED, stats=stats, remarks=("said before",)))
    assert told[0] == "said before"
    assert "no operators for them" in told[1]
    assert "12.00 MB, its float ONNX form 4.00 MB" in told[2]
    assert "state of an optimizer" in told[2]
    assert "memory was not measured" in told[-1]
    wide = replace(STATS, accuracy_interval=(-0.1, 1.4))
    assert "up to 1.40 points is possible" in remarks(result(BEST, stats=wide))[-1]


def test_the_front_is_what_nothing_beats() -> None:
    """Smaller or faster than each other; what loses too much accuracy is not on it."""
    small = measured(Method(kind="static", per_channel=False), p50=1.5, quantized_bytes=900_000)
    wrong = measured(DYNAMIC, p50=0.5, quantized_bytes=500_000, quantized_accuracy=0.5)
    assert front([SLOW, small, HALVED, BEST, wrong, BROKEN], GATE) == [BEST, small]


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n", "Some CPU @ 2 GHz"),
        ("processor : 0\n\nModel\t\t: Raspberry Pi 5 Model B\n", "Raspberry Pi 5 Model B"),
        ("processor : 0\n", "unknown processor"),
    ],
)
def test_the_processor_is_named(lines: str, name: str, tmp_path: Path) -> None:
    """As /proc/cpuinfo of x86 and of a board tells it; where it does not, that is said."""
    (tmp_path / "cpuinfo").write_text(lines)
    assert processor_name(tmp_path / "cpuinfo") == name
    assert processor_name(tmp_path / "none") == "unknown processor"


def test_a_wide_range_of_figures_can_be_drawn() -> None:
    """From a thousandth to ten times the time, from kilobytes to gigabytes, without a trial."""
    extreme = [
        measured(Method(kind="static", percentile=90.0 + i), p50=0.002 * 10**i,
                 quantized_bytes=2_000 * 10**i, quantized_accuracy=0.1 * i)
        for i in range(5)
    ]  # fmt: skip
    told = result(*extreme, stats=extreme[0].stats)
    assert len(plots(told)) == 4
    assert isinstance(told.stats, Stats)


@pytest.mark.parametrize("given", [3_900_000, 4_000_000, 4_100_000])
def test_a_file_that_holds_the_weights_alone(given: int) -> None:
    """Where nothing of a training was in the file, none is said to be left out."""
    stats = replace(STATS, source_bytes=given, original_bytes=4_000_000)
    (line,) = [x for x in remarks(result(BEST, stats=stats)) if "file given" in x]
    assert "optimizer" not in line
