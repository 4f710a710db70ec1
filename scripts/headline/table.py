"""The table, the aims beside what was reached, and where each gain comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from headline.forms import Row

MEGA = 1e6
KERAS, CALLED, FLOAT, DYNAMIC, STATIC = range(5)
"""Where the rows stand."""
MOST_LOST = 0.95
"""Points of accuracy."""


class Aim(Struct, frozen=True):
    """One figure of the source documents, and ours."""

    what: str
    wanted: str
    measured: str
    reached: bool


def table(rows: Sequence[Row]) -> str:
    """Return the table, in Markdown."""
    lines = [
        "| | file | accuracy | one prediction: median | p95 | p99 | predictions a second "
        "| memory that serves it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ms = row.latency_ms
        lines.append(
            f"| {row.name} | {row.file_bytes / MEGA:.2f} MB | {100 * row.accuracy:.2f} % "
            f"| {ms.p50:.2f} ms | {ms.p95:.2f} ms | {ms.p99:.2f} ms | {row.per_second:,.0f} "
            f"| {row.rss_bytes / MEGA:.0f} MB |"
        )
    return "\n".join(lines)


def chosen(rows: Sequence[Row]) -> Row:
    """Return the INT8 form that is served: the faster of those that lose little."""
    forms = (rows[DYNAMIC], rows[STATIC])
    good = [f for f in forms if _lost(rows, f) <= MOST_LOST]
    return min(good or forms, key=lambda row: row.latency_ms.p50)


def _lost(rows: Sequence[Row], row: Row) -> float:
    return 100.0 * (rows[KERAS].accuracy - row.accuracy)


def aims(rows: Sequence[Row]) -> list[Aim]:
    """Return the aims, held to the INT8 form that is served."""
    best, keras = chosen(rows), rows[KERAS]
    smaller = 100.0 * (1.0 - best.file_bytes / keras.file_bytes)
    faster = keras.latency_ms.p50 / best.latency_ms.p50
    lost, ms, mb = _lost(rows, best), best.latency_ms.p50, best.rss_bytes / MEGA
    return [
        Aim("smaller than the Keras file", "91.63 %", f"{smaller:.2f} %", smaller >= 91.63),
        Aim("faster than Keras predict", "20.58 times", f"{faster:.2f} times", faster >= 20.58),
        Aim("accuracy lost", f"{MOST_LOST} points", f"{lost:.2f} points", lost <= MOST_LOST),
        Aim("one prediction", "under 5 ms", f"{ms:.2f} ms", ms < 5.0),
        Aim("memory", "under 100 MB", f"{mb:.0f} MB", mb < 100.0),
    ]


def aims_table(rows: Sequence[Row]) -> str:
    """Return the aims beside what was reached, in Markdown."""
    lines = [f"| {chosen(rows).name} | aim | measured | reached |", "|---|---|---|---|"]
    lines += [
        f"| {a.what} | {a.wanted} | {a.measured} | {'yes' if a.reached else 'no'} |"
        for a in aims(rows)
    ]
    return "\n".join(lines)


def gains(rows: Sequence[Row], bare_bytes: int) -> str:
    """Say where each gain comes from.

    Parameters
    ----------
    bare_bytes : int
        Size of the Keras file without the optimizer's state.
    """
    return "\n".join(f"- {line}" for line in _gains(rows, bare_bytes))


def _gains(rows: Sequence[Row], bare_bytes: int) -> Iterator[str]:
    keras, called, plain, dynamic, static = rows
    best = chosen(rows)
    yield (
        f"Size: {_times(keras.file_bytes, bare_bytes)} by leaving out Adam's state, which only a "
        f"training needs (the same Keras file without it: {bare_bytes / MEGA:.2f} MB), "
        f"{_times(bare_bytes, plain.file_bytes)} by ONNX, {_times(plain.file_bytes, best.file_bytes)} "
        "by quantization."
    )
    yield (
        f"Time: {_times(_ms(keras), _ms(called))} by calling the model instead of `predict`, which "
        f"makes a data set and runs callbacks for each call, {_times(_ms(called), _ms(plain))} by "
        f"onnxruntime on one thread instead of Keras on all, {_times(_ms(plain), _ms(best))} by "
        "quantization."
    )
    for row in (dynamic, static):
        if _ms(row) > _ms(plain):
            yield f"{row.name} is slower than float32: it takes {_ms(row) / _ms(plain):.2f} times as long."
    yield (
        f"Memory: {(keras.rss_bytes - plain.rss_bytes) / MEGA:.0f} MB less without TensorFlow, "
        f"{(plain.rss_bytes - best.rss_bytes) / MEGA:.0f} MB less by quantization."
    )


def _ms(row: Row) -> float:
    return row.latency_ms.p50


def _times(before: float, after: float) -> str:
    return f"{before / after:.2f} times"
