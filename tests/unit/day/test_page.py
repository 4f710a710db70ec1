"""The page of a day: what it says, and what is drawn."""

from __future__ import annotations

import base64
import re
import sys
from datetime import date, timedelta

import pytest

from edge_daemon.day import ReadLog, day_of, report
from edge_daemon.telemetry.record import Record
from tests.unit.day.made_up import NOON, record, run, start, summary

DAY = date(2026, 11, 22)


def page(records: list[Record], **log: object) -> str:
    """Return the page of a day."""
    return report(day_of(ReadLog(records, **log)))  # type: ignore[arg-type]


def pictures(html: str) -> list[str]:
    """Return what the pictures show; each is a PNG with something in it."""
    found = re.findall(r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)"', html)
    for _, data in found:
        png = base64.b64decode(data)
        assert png.startswith(b"\x89PNG")
        assert len(png) > 3000
    return [name for name, _ in found]


@pytest.fixture
def _without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_a_day_in_one_file() -> None:
    """All figures are drawn, and the page needs nothing from elsewhere."""
    words = [record(NOON, 90.0, "heard", label="<on>$x$")]
    html = page([*run(NOON, 10)[:-1], *words])
    assert pictures(html) == [
        "words heard", "power", "temperature", "CPU share", "memory", "latency", "latency by stage",
    ]  # fmt: skip
    assert "Sunday, 22 November 2026" in html
    assert "0.50 Wh in 10 min" in html
    assert "&lt;on&gt;" in html
    assert "<on>" not in html
    assert not re.search(r"<(script|link|iframe)|(src|href)=\"(?!data:)", html)


def test_nothing_is_drawn_of_what_was_not_measured() -> None:
    """Without a meter and a thermometer there is no picture of them, and the page says so."""
    html = page(run(NOON, 3, watts=None, temperature_c=None))
    assert pictures(html) == ["CPU share", "memory", "latency", "latency by stage"]
    assert "Not measured: power, temperature." in html


@pytest.mark.usefixtures("_without_plots")
def test_trouble_is_told() -> None:
    """Gaps, losses, a late clock and garbage are each a sentence."""
    later = NOON + timedelta(hours=1)
    records = [
        start(NOON),
        summary(NOON, 1, throttled="under-voltage", dropped_samples=1600),
        record(NOON, 90.0, "lost", text="unplugged"),
        record(NOON, 120.0, "listening"),
        summary(NOON, 2, dropped_samples=1600),
        *run(later, 2, lost_records=7),
    ]
    html = page(records, n_garbage=2, is_torn=True)
    for text in (
        "The daemon did not run for 58 min: ", "(ended without a word).",
        "There was no audio for 30 s: ", "(unplugged).",
        "The processor was held back for 60 s: ", "(under-voltage).",
        "1,600 samples were dropped, as the machine was too slow",
        "2 lines of the log could not be read and were left out; the last one has no end.",
        "7 records are missing",
    ):  # fmt: skip
        assert text in html, text


@pytest.mark.usefixtures("_without_plots")
def test_without_matplotlib() -> None:
    """The page comes with its tables, and says how to get the pictures."""
    html = page(run(NOON, 3))
    assert "No plots: " in html
    assert "pip install" in html
    assert pictures(html) == []
    assert "3.00 W, 4.00 W" in html


@pytest.mark.parametrize(
    "records",
    [
        [start(NOON)],
        [record(NOON, 5.0, "heard", label="on")],
        [start(NOON), summary(NOON, 1)],
        [start(NOON), *(record(NOON, float(i), "heard", label=f"w{i}") for i in range(25))],
        [summary(NOON, 1, cpu_share=0.0, rss_bytes=0, watts=0.0, durations={})],
    ],
    ids=["a start alone", "a word alone", "one summary", "25 words", "zeros"],
)
def test_little_is_drawn_as_well(records: list[Record]) -> None:
    """A log with a record or two, or with more words than rows, makes a page."""
    assert "Totals" in page(records)
