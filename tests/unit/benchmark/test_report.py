"""The page and the tables of a result."""

from __future__ import annotations

import builtins
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from edge_daemon.benchmark.compare import compare
from edge_daemon.benchmark.conditions import Found
from edge_daemon.benchmark.energy import Energy
from edge_daemon.benchmark.report import report
from edge_daemon.benchmark.report.plots import pareto
from edge_daemon.benchmark.tables import tables
from edge_daemon.benchmark.terminal import print_comparison, print_document
from tests.unit.benchmark.results import document, judged, measured, peer, row, window

ENERGY = Energy(
    idle_w=measured(3.0), watt_hours_per_listening_hour=measured(3.2),
    joules_per_inference=measured(0.001), joules_per_inference_above_idle=measured(0.0004),
    listening_above_idle_reason="under two sigma",
)  # fmt: skip
FULL = document(
    row(accuracy=judged(0.95), energy=ENERGY),
    row("small <b>, cpu, 4 threads", p50_ms=0.2, accuracy=judged(0.9)),
    row("large, cuda, 1 thread", refused="no cuda here", model_latency=None,
        pipeline_latency=None, process=None, model_bytes=None, stages_cpu_ms_per_audio_s={}),
    peers=[peer()], sensors=Found(meter="INA3221", covers="the whole board"),
    windows=[window("before", 0.0), window("idle", 5.0, watts_mean=3.0),
             window("latency", 10.0, watts_mean=4.0, throttled=["throttled"])],
    remarks=["large, cuda, 1 thread: refused: no cuda here"],
)  # fmt: skip


class Read(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.images: list[str] = []
        self.asks_for: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and what it would load."""
        self.tags.append(tag)
        if tag not in ("meta", "img"):
            self.open.append(tag)
        for name, value in attrs:
            if name == "alt":
                self.images.append(value or "")
            if name in ("src", "href") and not (value or "").startswith("data:"):
                self.asks_for.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        """Each ends in its order."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note what is to be read."""
        self.text += data


def test_the_page_is_whole_and_needs_nothing() -> None:
    """Well-formed, with its pictures in it, and without another file or the network."""
    page = Read(report(FULL))
    assert page.open == []
    assert page.asks_for == []
    assert page.images == [
        "latency distribution", "timeline: temperature", "timeline: power", "accuracy against cost",
    ]  # fmt: skip
    for part in (
        "small <b>, cpu, 4 threads",
        "no cuda here",
        "another-wakeword 1.2",
        "INA3221",
        "95",
    ):
        assert part in page.text
    assert "b" not in page.tags


def test_a_run_that_was_stopped_says_so() -> None:
    """At the top of the page."""
    assert "stopped before its end" in report(document(complete=False))
    assert "stopped before its end" not in report(document())


def test_nothing_measured_is_a_page_too() -> None:
    """As after a Ctrl-C while the first model was loading."""
    bare = row(model_latency=None, pipeline_latency=None, process=None, model_bytes=None,
               stages_cpu_ms_per_audio_s={})  # fmt: skip
    page = Read(report(document(bare, complete=False)))
    assert page.images == []
    assert page.open == []


def test_without_matplotlib_there_are_no_plots_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page comes all the same, and says how to get them."""
    usual = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return usual(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    page = Read(report(FULL))
    assert page.images == []
    assert "edge-daemon[plots]" in page.text
    assert "single calls" in page.text.lower()


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 100)), min_size=1, max_size=20))
def test_the_front_is_beaten_by_none(points: list[tuple[float, float]]) -> None:
    """Every point is on it, or is beaten by one that is."""
    front = pareto(points)
    assert set(front) <= set(points)
    for cost, right in points:
        assert any(c <= cost and r >= right for c, r in front)
    for (c1, r1), (c2, r2) in pairwise(front):
        assert c1 < c2
        assert r1 < r2


def test_the_tables_fit_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider than a hundred columns, and no figure is cut off."""
    monkeypatch.delenv("COLUMNS", raising=False)
    print_document(FULL)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 100
    assert "…" not in shown
    assert shown.count("(0.877-0.999)") == len(peer().times_ours)
    for table in tables(FULL):
        for cells in table.rows:
            for cell in cells[1:]:
                assert all(part in shown for part in cell.split()), cell


def test_a_comparison_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Ratios, and which of them are noise."""
    print_comparison(compare(document(), document(row(p50_ms=1.0))))
    lines = capsys.readouterr().out.splitlines()
    [slower] = [line for line in lines if "pipeline_p50_ms" in line]
    [same] = [line for line in lines if "peak_rss_bytes" in line]
    assert "2 (" in slower
    assert "within noise" not in slower
    assert "within noise" in same


def test_names_with_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    """They are names, and no instructions to rich."""
    made = document(
        row("a[v2].onnx"), peers=[replace(peer(), name="[/peer]", against="a[v2].onnx")]
    )
    print_document(made)
    print_comparison(compare(made, made))
    shown = capsys.readouterr().out
    assert "[/peer]" in shown
    assert "as much as a[v2].onnx" in shown
    assert shown.count("a[v2].onnx") > 3
