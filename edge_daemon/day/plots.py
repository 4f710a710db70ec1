"""The pictures of a day, as PNG in base64. They need matplotlib."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from edge_daemon.day.day import Day, Value
from edge_daemon.day.timeline import draw_line, timeline
from edge_daemon.day.totals import Totals, heard
from edge_daemon.drawing.canvas import COLOURS, Axes, Canvas, Draw, as_png, open_canvas
from edge_daemon.telemetry.record import LATENCY, Record, column

MOST_WORDS = 20
"""Rows of the picture; the words heard most often."""
_PALE = 0.45
_MIB = 1 << 20
_STAGE_P99 = re.compile(r"(.+)_p99_ms")
_ROW_INCHES = 0.24


def plots(day: Day, totals: Totals) -> dict[str, str]:
    """Return pictures by what they show; none of what was not measured.

    Raises
    ------
    MissingDependency
        When matplotlib is not installed.
    """
    canvas = open_canvas()
    drawn: dict[str, tuple[Draw, bool]] = {
        "words heard": (partial(draw_words, day=day, totals=totals), bool(totals.words)),
        "power": (partial(draw_power, day=day), day.is_known(_watts)),
        "temperature": (partial(draw_temperature, day=day), day.is_known(_temperature_c)),
        "CPU share": (partial(draw_cpu, day=day), day.is_known(_cpu_percent)),
        "memory": (partial(draw_memory, day=day), day.is_known(_rss_mib)),
        "latency": (partial(draw_latency, day=day), day.is_known(_duration(LATENCY, "p50"))),
        "latency by stage": (partial(draw_stages, day=day), bool(_stages(day))),
    }
    return {name: as_png(canvas, draw) for name, (draw, is_known) in drawn.items() if is_known}


def draw_words(canvas: Canvas, path: Path, day: Day, totals: Totals) -> None:
    """Draw when which word was heard."""
    rows = [label for label, _ in totals.words.most_common(MOST_WORDS)]
    size = (7.2, 1.4 + _ROW_INCHES * len(rows))
    with timeline(canvas, path, day, f"Words heard: {totals.words.total()}", size) as axes:
        for place, label in enumerate(rows):
            times = [at_s for at_s, record in heard(day) if record.label == label]
            axes.plot(times, [place] * len(times), "|", markersize=11, markeredgewidth=1.6,
                      color=COLOURS[place % len(COLOURS)])  # fmt: skip
        axes.set_yticks(range(len(rows)), [_plain(f"{row}  {totals.words[row]}") for row in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)


def draw_power(canvas: Canvas, path: Path, day: Day) -> None:
    """Draw mean and maximum of each interval."""
    with timeline(canvas, path, day, "Power, W") as axes:
        draw_line(axes, day, lambda r: r.watts_max, COLOURS[1], "maximum", alpha=_PALE)
        draw_line(axes, day, _watts, COLOURS[0], "mean", linewidth=1.8)
        _from_zero(axes)
        _legend(axes)


def draw_temperature(canvas: Canvas, path: Path, day: Day) -> None:
    """Draw the temperature."""
    with timeline(canvas, path, day, "Temperature, °C") as axes:
        draw_line(axes, day, _temperature_c, COLOURS[4], linewidth=1.8)


def draw_cpu(canvas: Canvas, path: Path, day: Day) -> None:
    """Draw the share of one core."""
    with timeline(canvas, path, day, "CPU, % of a core") as axes:
        draw_line(axes, day, _cpu_percent, COLOURS[2], linewidth=1.8)
        _from_zero(axes)


def draw_memory(canvas: Canvas, path: Path, day: Day) -> None:
    """Draw the resident memory."""
    with timeline(canvas, path, day, "Memory (RSS), MiB") as axes:
        draw_line(axes, day, _rss_mib, COLOURS[3], linewidth=1.8)
        _from_zero(axes)


def draw_latency(canvas: Canvas, path: Path, day: Day) -> None:
    """Draw percentiles of the time from capture to decision."""
    with timeline(canvas, path, day, "Latency from capture to decision, ms") as axes:
        for i, name in enumerate(("p99", "p95", "p50")):
            value = _duration(LATENCY, name)
            draw_line(axes, day, value, COLOURS[i], name, linewidth=1.4)
        _from_zero(axes)
        _legend(axes)


def draw_stages(canvas: Canvas, path: Path, day: Day) -> None:
    """Draw the 99th percentile of each stage."""
    with timeline(canvas, path, day, "99th percentile of each stage, ms") as axes:
        for i, stage in enumerate(_stages(day)):
            value = _duration(stage, "p99")
            draw_line(axes, day, value, COLOURS[i % len(COLOURS)], stage, linewidth=1.4)
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_minor_formatter(lambda *_: "")
        _legend(axes)


def _stages(day: Day) -> list[str]:
    """Return the stages of the day, in the order in which they are in a record."""
    names = dict.fromkeys(
        match[1]
        for run in day.runs
        for record in day.records(run, "summary")
        for name in record.durations
        if (match := _STAGE_P99.fullmatch(name))
    )
    return [name for name in names if name != LATENCY]


def _watts(record: Record) -> float | None:
    return record.watts


def _temperature_c(record: Record) -> float | None:
    return record.temperature_c


def _cpu_percent(record: Record) -> float | None:
    return None if record.cpu_share is None else 100 * record.cpu_share


def _rss_mib(record: Record) -> float | None:
    return None if record.rss_bytes is None else record.rss_bytes / _MIB


def _duration(stage: str, percentile: str) -> Value:
    return lambda record: record.durations.get(column(stage, percentile))


def _plain(text: str) -> str:
    """Keep matplotlib from reading a formula into a text."""
    return text.replace("$", r"\$")


def _from_zero(axes: Axes) -> None:
    _, highest = axes.dataLim.intervaly
    axes.set_ylim(0, 1.08 * highest if highest > 0 else 1)


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=6, borderaxespad=0.1, fontsize=9,
        frameon=False,
    )  # fmt: skip
