"""One page of a day, in a single file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape

from edge_daemon.day.day import Day, local
from edge_daemon.day.plots import MOST_WORDS, plots
from edge_daemon.day.remarks import remarks
from edge_daemon.day.runs import Run
from edge_daemon.day.spans import length_in_words
from edge_daemon.day.timeline import SHADES
from edge_daemon.day.totals import Totals, totals_of
from edge_daemon.drawing.page import Row, bullets, page, pictures, section, table

_NONE = "-"
_MIB = 1 << 20
_STYLE = """
.shade { display: inline-block; width: 1rem; height: .8rem; margin: 0 .3rem 0 .8rem; }
"""


def report(day: Day) -> str:
    """Return the page."""
    return page(f"edge-daemon on {day.date:%A, %d %B %Y}", _parts(day), _STYLE)


def _parts(day: Day) -> Iterator[str]:
    totals = totals_of(day)
    zone = local(day.first_s)
    yield (
        f"<p>From {zone:%H:%M:%S} to {_clock(day.last_s, day)}, local time of the machine that "
        f"made this page ({escape(zone.tzname() or '')}, UTC{_offset(day)}).</p>\n"
    )
    yield bullets(remarks(day, totals))
    yield section("Totals", table(("", ""), _totals_rows(totals)))
    yield section("The day", pictures(partial(plots, day, totals), _key(day, totals)))
    if totals.words:
        rows = [(label, str(n)) for label, n in totals.words.most_common()]
        yield section("Words", table(("word", "times"), rows))
    yield section("Runs", table(("from", "to", "", "what ran"), _run_rows(day)))


def _key(day: Day, totals: Totals) -> str:
    """Say what the shades mean that are in the pictures."""
    shown = "".join(
        f'<span class="shade" style="background:{colour}"></span>{escape(text)}'
        for name, colour, text in SHADES
        if getattr(day, name)
    )
    dropped = " ▼ samples dropped" if day.dropping else ""
    more = f" The {MOST_WORDS} most frequent words." if len(totals.words) > MOST_WORDS else ""
    return f"<p>{shown}{dropped}{more}</p>\n" if shown or dropped or more else ""


def _totals_rows(totals: Totals) -> Iterator[Row]:
    yield "listened", _NONE if totals.listened_s is None else length_in_words(totals.listened_s)
    yield "words heard", str(totals.words.total())
    yield "energy", _figure(totals.watt_hours, "{:.2f} Wh") + _measured(totals)
    yield "power, mean and maximum", _both(totals.watts_mean, totals.watts_max, "{:.2f} W")
    if totals.joules_per_inference is not None:
        yield "energy of an inference above idle", f"{totals.joules_per_inference:.3g} J"
    yield "highest temperature", _figure(totals.temperature_max_c, "{:.1f} °C")
    yield "CPU, mean", _figure(_times(totals.cpu_share_mean, 100), "{:.2f} % of a core")
    yield "largest memory (RSS)", _figure(_times(totals.rss_max_bytes, 1 / _MIB), "{:.1f} MiB")
    yield "worst p99 from capture to decision", _figure(totals.latency_p99_worst_ms, "{:,.1f} ms")
    yield "samples dropped", _figure(totals.dropped_samples, "{:,.0f}")
    yield "overflows", _figure(totals.overflows, "{:,.0f}")
    yield "errors survived", _figure(totals.errors, "{:,.0f}")
    yield "actions failed", _figure(totals.actions_failed, "{:,.0f}")


def _measured(totals: Totals) -> str:
    return "" if totals.measured_s is None else f" in {length_in_words(totals.measured_s)}"


def _both(mean: float | None, largest: float | None, form: str) -> str:
    return f"{_figure(mean, form)}, {_figure(largest, form)}" if mean is not None else _NONE


def _run_rows(day: Day) -> Iterator[Row]:
    for run in day.runs:
        begin = _clock(run.begin_s, day) if day.holds(run.begin_s) else "the day before"
        end = _clock(run.end_s, day) if run.end_s < day.end_s else "the day after"
        is_over = run is not day.runs[-1] or run.has_stop
        how = "stopped" if run.has_stop else "ended without a word" if is_over else "last record"
        yield begin, end, how, _what(run)


def _what(run: Run) -> str:
    start = next(run.of_kind("start"), None)
    providers = dict.fromkeys(r.provider for r in run.of_kind("summary") if r.provider)
    on = f" (on {', then '.join(providers)})" if providers else ""
    return ((start.text if start else None) or _NONE) + on


def _clock(at_s: float, day: Day) -> str:
    return "24:00" if at_s >= day.end_s else f"{local(at_s):%H:%M:%S}"


def _offset(day: Day) -> str:
    """Return the distance to UTC; both where it changes in the day."""
    offsets = dict.fromkeys(f"{local(t):%z}" for t in (day.begin_s, day.end_s - 1))
    return " to UTC".join(f"{offset[:3]}:{offset[3:5]}" for offset in offsets)


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else factor * value


def _figure(value: float | None, form: str) -> str:
    return _NONE if value is None else form.format(value)
