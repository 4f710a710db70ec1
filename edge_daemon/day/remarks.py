"""What a reader of a day should know, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from edge_daemon.day.day import Day, local
from edge_daemon.day.spans import Span, length_in_words
from edge_daemon.day.totals import Totals

_MOST_LISTED = 5


def remarks(day: Day, totals: Totals) -> list[str]:
    """Return the remarks that follow from the log."""
    return [
        *_of_gaps(day),
        *_of_trouble(day, totals),
        *_of_clock(day),
        *_of_what_is_missing(totals),
        *_of_log(day, totals),
    ]


def _of_gaps(day: Day) -> Iterator[str]:
    yield from _listed("The daemon did not run", day.not_running)
    yield from _listed(
        "It ran, but there are no records (asleep, or they could not be written)",
        day.without_records,
    )
    yield from _listed("There was no audio", day.without_audio)
    yield from _listed("Nothing but zeros came, as from a muted microphone", day.muted)


def _of_trouble(day: Day, totals: Totals) -> Iterator[str]:
    yield from _listed("The processor was held back", day.throttled)
    if day.dropping:
        worst, n = max(day.dropping, key=lambda found: found[1])
        yield (
            f"{totals.dropped_samples or n:,.0f} samples were dropped, as the machine was too slow "
            f"for the audio; {n:,} of them from {_in_words(worst)}."
        )


def _of_clock(day: Day) -> Iterator[str]:
    for step in day.clock_steps()[:_MOST_LISTED]:
        yield (
            f"The clock was set by {step.by_s:+.0f} s at {_clock(step.at_s)}; what that run "
            "recorded before is shown by the later clock."
        )


def _of_what_is_missing(totals: Totals) -> Iterator[str]:
    missing = {
        "power": totals.watts_mean,
        "temperature": totals.temperature_max_c,
        "CPU share": totals.cpu_share_mean,
    }
    names = [name for name, value in missing.items() if value is None]
    if names:
        yield (
            f"Not measured: {', '.join(names)}. At its start the daemon says why, and so does "
            "`edge-daemon doctor`."
        )


def _of_log(day: Day, totals: Totals) -> Iterator[str]:
    log = day.log
    if log.n_garbage:
        torn = "; the last one has no end" if log.is_torn else ""
        lines = "1 line" if log.n_garbage == 1 else f"{log.n_garbage} lines"
        yield f"{lines} of the log could not be read and were left out{torn}."
    if totals.lost_records:
        yield f"{totals.lost_records:.0f} records are missing: the log could not be written."
    if any(not run.has_start for run in day.runs):
        yield "The log does not reach back to the start of a run; its counts begin with the log."


def _listed(what: str, spans: list[Span]) -> Iterator[str]:
    if not spans:
        return
    shown = ", ".join(map(_in_words, spans[:_MOST_LISTED]))
    more = f", and {len(spans) - _MOST_LISTED} times more" if len(spans) > _MOST_LISTED else ""
    total_s = sum(span.length_s for span in spans)
    yield f"{what} for {length_in_words(total_s)}: {shown}{more}."


def _in_words(span: Span) -> str:
    why = f" ({span.text})" if span.text else ""
    return f"{_clock(span.begin_s)} to {_clock(span.end_s)}{why}"


def _clock(at_s: float) -> str:
    return f"{local(at_s):%H:%M:%S}"
