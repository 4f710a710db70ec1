"""Times in which something was not as it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge_daemon.day.runs import Run
from edge_daemon.telemetry.record import Kind, Record

_NOT_THROTTLED = (None, "no")


@dataclass(frozen=True, slots=True)
class Span:
    """A time from and to, in seconds since the epoch."""

    begin_s: float
    end_s: float
    text: str = ""

    @property
    def length_s(self) -> float:
        """How long it was."""
        return self.end_s - self.begin_s


def not_running(runs: Sequence[Run]) -> Iterator[Span]:
    """Yield the times between two runs."""
    for before, after in pairwise(runs):
        if after.begin_s > before.end_s:
            how = "stopped" if before.has_stop else "ended without a word"
            yield Span(before.end_s, after.begin_s, how)


def without_records(runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the times of a run in which it wrote nothing: asleep, or unable to write."""
    for run in runs:
        for before, after in pairwise(run.records):
            if after.uptime_s - before.uptime_s > run.longest_pause_s:
                yield Span(run.at_s(before), run.at_s(after))


def without_audio(runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the times from the loss of the audio until it was listened to again."""
    return _from_to(runs, "lost", ("listening",))


def muted(runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the times in which a microphone was taken for muted."""
    return _from_to(runs, "muted", ("unmuted", "listening"))


def _from_to(runs: Iterable[Run], begins: Kind, ends: tuple[Kind, ...]) -> Iterator[Span]:
    """Yield the times from a record of one kind to the next of others, or to the run's end."""
    for run in runs:
        begun = None
        for record in run.of_kind(begins, *ends):
            if record.kind == begins:
                begun = begun or record
            elif begun is not None:
                yield Span(run.at_s(begun), run.at_s(record), begun.text or "")
                begun = None
        if begun is not None:
            yield Span(run.at_s(begun), run.end_s, begun.text or "")


def throttled(runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the intervals in which the processor was held back, joined where they touch."""
    for run in runs:
        now: Span | None = None
        for record in run.of_kind("summary"):
            is_held_back = record.throttled not in _NOT_THROTTLED
            if is_held_back:
                end_s, text = run.at_s(record), record.throttled or ""
                begin_s = now.begin_s if now else end_s - (record.interval_s or 0.0)
                now = Span(begin_s, end_s, _joined(now.text if now else "", text))
            elif now is not None:
                yield now
                now = None
        if now is not None:
            yield now


def dropping(runs: Iterable[Run]) -> Iterator[tuple[Span, int]]:
    """Yield the intervals in which samples were dropped, and how many."""
    for run in runs:
        before: int | None = 0 if run.has_start else None
        for record in run.of_kind("summary"):
            dropped = too_slow(record)
            if dropped is not None and before is not None and dropped > before:
                end_s = run.at_s(record)
                yield Span(end_s - (record.interval_s or 0.0), end_s), dropped - before
            before = dropped if dropped is not None else before


def too_slow(record: Record) -> int | None:
    """Return how many samples were dropped because the machine was too slow."""
    if record.dropped_samples is None:
        return None
    return record.dropped_samples - (record.cut_samples or 0)


def clipped(spans: Iterable[Span], begin_s: float, end_s: float) -> list[Span]:
    """Return the parts of spans that are within these bounds."""
    parts = (Span(max(s.begin_s, begin_s), min(s.end_s, end_s), s.text) for s in spans)
    return [part for part in parts if part.end_s > part.begin_s]


def length_in_words(seconds: float) -> str:
    """Return a length of time with two digits or more."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _joined(texts: str, more: str) -> str:
    return ", ".join(dict.fromkeys(t for t in (*texts.split(", "), *more.split(", ")) if t))
