"""The tables of a result, the same for the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge_daemon.benchmark.combination import AUTO
from edge_daemon.benchmark.compare import Compared, Pair
from edge_daemon.benchmark.document import Document, Process, Row
from edge_daemon.benchmark.words import NOTHING, of, ratio_with_ends, reach, short, with_ends

MIB = float(2**20)
HOW_TO_READ = (
    "± %: how far the 95 % interval of the median reaches. In brackets: lowest and highest of the "
    "rounds; of clips 95 %; of energy above idle two sigma."
)
HOW_TO_COMPARE = (
    "Within noise is what the intervals and the rounds of the two runs allow. Other work on the "
    "machine during one of them is not in that: measure both again before you trust a few percent."
)
_RATIOS = {
    "listening_cpu": "CPU, real time",
    "fast_cpu": "CPU, fast",
    "start_cpu": "start",
    "peak_rss": "memory",
    "listening_p99": "hop p99",
}


class TableOf(NamedTuple):
    """A table: title, headings, rows of texts."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def tables(document: Document) -> list[TableOf]:
    """Return the tables that have rows."""
    made = (
        _latency(document), _processes(document), _ratios(document), _stages(document),
        _models(document), _energy(document), _machine(document),
    )  # fmt: skip
    return [table for table in made if table.rows]


def _latency(document: Document) -> TableOf:
    headings = ("single calls, ms", "", "p50", "± %", "p95", "p99", "max", "a second")
    rows = []
    for row in document.rows:
        for what, latency, per_second in (
            ("inference", row.model_latency, row.inferences_per_second),
            ("whole hop", row.pipeline_latency, row.hops_per_second),
        ):
            if latency:
                p50, p95, p99 = latency.p50_ms, latency.p95_ms, latency.p99_ms
                rows.append((_shown(row), what, of(p50), reach(p50), of(p95), of(p99),
                             short(latency.max_ms), short(per_second)))  # fmt: skip
    return TableOf("single calls in one process, in turns", headings, rows)


def _processes(document: Document) -> TableOf:
    headings = (
        "CPU: % of one core", "real time", "fast", "skipped %", "start CPU s", "start s",
        "peak MiB", "hop ms", "p99 ms",
    )  # fmt: skip
    rows = [
        *((_shown(row), row.process) for row in document.rows),
        *((f"{peer.name} {peer.version}", peer.process) for peer in document.peers),
    ]
    cells = [(name, *_cells(process)) for name, process in rows if process]
    return TableOf("processes of their own; p99 of a hop at real-time pace", headings, cells)


def _models(document: Document) -> TableOf:
    headings = ("model", "file", "kB", "right %", "clips")
    rows = [
        (_shown(row), row.model_file or NOTHING, short(row.model_bytes / 1e3), *_right(row))
        for row in document.rows
        if row.model_bytes
    ]
    return TableOf("models", headings, rows)


def _shown(row: Row) -> str:
    """Return the name of a row, with the provider that ``auto`` came to."""
    return row.name.replace(f", {AUTO},", f", {row.obtained_provider} ({AUTO}),")


def _right(row: Row) -> tuple[str, str]:
    if row.accuracy is None:
        return NOTHING, NOTHING
    return with_ends(row.accuracy.share, 0.01), str(row.accuracy.n_clips)


def _cells(process: Process) -> tuple[str, ...]:
    listening = process.listening
    return (
        of(process.listening_cpu_percent), of(process.fast_cpu_percent),
        of(process.skipped_percent), of(process.start_cpu_s),
        of(process.start_s), of(process.peak_rss_bytes, MIB), short(process.hop_ms),
        of(listening.p99_ms) if listening else NOTHING,
    )  # fmt: skip


def _ratios(document: Document) -> TableOf:
    rows = [
        (peer.name, *(ratio_with_ends(peer.times_ours.get(k)) for k in _RATIOS))
        for peer in document.peers
        if peer.times_ours
    ]
    ours = next((peer.against for peer in document.peers if peer.against), "")
    return TableOf(f"times as much as {ours} in the same rounds", ("", *_RATIOS.values()), rows)


def _stages(document: Document) -> TableOf:
    names = list(dict.fromkeys(n for row in document.rows for n in row.stages_cpu_ms_per_audio_s))
    rows = [
        (_shown(row), *(short(row.stages_cpu_ms_per_audio_s.get(name)) for name in names),
         short(row.realtime_factor))
        for row in document.rows if row.stages_cpu_ms_per_audio_s
    ]  # fmt: skip
    title = "stages: CPU of a second of audio, in ms"
    return TableOf(title, ("", *names, "real-time factor"), rows)


def _energy(document: Document) -> TableOf:
    headings = (
        "", "idle W", "listening: Wh an hour", "above idle", "mJ an inference", "above idle",
    )  # fmt: skip
    rows = [
        (_shown(row), with_ends(e.idle_w), with_ends(e.watt_hours_per_listening_hour),
         with_ends(e.watt_hours_per_listening_hour_above_idle),
         with_ends(e.joules_per_inference, 1e-3),
         with_ends(e.joules_per_inference_above_idle, 1e-3))
        for row in document.rows if (e := row.energy)
    ]  # fmt: skip
    meter = f"{document.sensors.meter}: {document.sensors.covers}"
    return TableOf(f"energy, by {meter}", headings, rows)


def _machine(document: Document) -> TableOf:
    """Return how the machine was before, while it worked, and after."""
    of_kind = {
        "temperature, °C": [(w.kind, w.temperature_c) for w in document.windows],
        "clock, MHz": [(w.kind, w.clock_hz and w.clock_hz / 1e6) for w in document.windows],
        "power, W": [(w.kind, w.watts_mean) for w in document.windows],
    }
    rows = []
    for name, windows in of_kind.items():
        told = [(kind, value) for kind, value in windows if value is not None]
        if told:
            ends, values = dict(told), [value for _, value in told]
            middle = (min(values), max(values))
            shown = (ends.get("before"), *middle, ends.get("after"))
            rows.append((name, *map(short, shown)))
    return TableOf("the machine", ("", "before", "lowest", "highest", "after"), rows)


def compared_table(pair: Pair) -> TableOf:
    """Return the figures of two results beside each other."""
    title = pair.a if pair.a == pair.b else f"A: {pair.a}; B: {pair.b}"
    rows = [
        (c.figure, short(c.a.value), short(c.b.value), ratio_with_ends(c.b_by_a), _verdict(c))
        for c in pair.compared
    ]
    return TableOf(title, ("figure", "A", "B", "B / A", ""), rows)


def _verdict(compared: Compared) -> str:
    if compared.b_by_a is None:
        return "no ratio"
    if compared.within_noise is None:
        return "no interval"
    if compared.a.interval == "exact":
        return "the same" if compared.within_noise else ""
    return "within noise" if compared.within_noise else ""


def where(document: Document) -> Iterable[tuple[str, str]]:
    """Return what it was measured on and with, by name."""
    board = document.board
    yield "board", board.model
    yield "processor", f"{board.cpu}, {board.architecture}, {board.n_cores} cores"
    yield "system", f"{board.system}, {board.kernel}"
    if board.jetpack:
        yield "JetPack", board.jetpack
    yield from document.versions.items()
    yield "commit", document.commit or "no checkout"
    yield "began", document.began
    yield "audio", f"{document.audio.name}, {document.audio.seconds:.1f} s, repeated"
    if document.data:
        yield "clips", document.data
    yield "power meter", document.sensors.meter or "none"
    settings = document.settings
    yield (
        "amount",
        f"{document.n_rounds_done} of {settings.n_rounds} rounds; of each combination "
        f"{settings.listening_s:g} s at real-time pace, {settings.fast_s:g} s a round at once",
    )
