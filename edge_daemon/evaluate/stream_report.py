"""Shows an evaluation in running audio on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sized

from rich.table import Table

from edge_daemon.evaluate.bounds import least_share, most_per_hour
from edge_daemon.evaluate.modes import Modes
from edge_daemon.evaluate.passages import GAP_S
from edge_daemon.evaluate.streaming import StreamEvaluation
from edge_daemon.evaluate.tally import Condition, Tallies, Tally
from edge_daemon.evaluate.terminal import console


def print_stream_report(result: StreamEvaluation) -> None:
    """Print how words were said, their recall and delay, and the false accepts."""
    out = console()
    out.print(f"{result.model} in running audio, seed {result.seed}: {said_how(result.modes)}")
    out.print(_summary_table(result))
    out.print(_word_table(result))
    if result.negatives:
        out.print(_false_accept_table(result))
        out.print(
            "at most: 95 %, by the exact bound of Poisson counts; none in H hours proves only "
            "fewer than 3/H an hour"
        )


def said_how(modes: Modes) -> str:
    """Say in what way the words were laid out."""
    alone = [w for w in modes.alone if not modes.alone[w]]
    isolated = [w for w in modes.alone if modes.alone[w]]
    parts = []
    if modes.after:
        gap = f"{GAP_S[0]:g} to {GAP_S[1]:g} s"
        parts.append(f"{_n_words(modes.after)} {gap} after {' or '.join(modes.wake_words)}")
    if alone:
        parts.append(f"{_n_words(alone)} alone")
    if isolated:
        pauses = sorted({modes.alone[w] for w in isolated})
        of_ms = " or ".join(map(str, pauses))
        parts.append(f"{_n_words(isolated)} alone with a pause of {of_ms} ms around them")
    return ", ".join(parts)


def _n_words(words: Sized) -> str:
    return "1 word" if len(words) == 1 else f"{len(words)} words"


def _summary_table(result: StreamEvaluation) -> Table:
    table = Table("noise", title="words, and their delay from the end of the voice")
    for heading in ("said", "heard", "at least", "wrong", "p50 ms", "p95 ms", "max ms"):
        table.add_column(heading, justify="right")
    for condition in result.conditions:
        tally = condition.words.all
        table.add_row(
            condition.name, str(tally.said), _percent(tally.recall), _at_least(tally),
            str(condition.wrong.total()), *_delays(tally),
        )  # fmt: skip
    return table


def _word_table(result: StreamEvaluation) -> Table:
    table = Table("word", "clips", title="heard, by word")
    for condition in result.conditions:
        table.add_column(condition.name, justify="right")
    table.add_column("p50 ms", justify="right")
    table.add_column("p95 ms", justify="right")
    groups = {"": "words", " alone": "wake_words", " before a word": "wake_words_before"}
    for suffix, group in groups.items():
        _add_words(table, result.conditions, group, suffix)
        table.add_section()
    return table


def _add_words(table: Table, conditions: list[Condition], group: str, suffix: str) -> None:
    by_condition: list[Tallies] = [getattr(c, group) for c in conditions]
    for word in sorted(by_condition[0]):
        tallies = [t.of(word) for t in by_condition]
        recalls = (_percent(t.recall) for t in tallies)
        table.add_row(
            word + suffix, str(tallies[0].said), *recalls, *_delays(tallies[0])[:2]
        )  # fmt: skip


def _false_accept_table(result: StreamEvaluation) -> Table:
    table = Table(title="false accepts")
    table.add_column("stream", overflow="fold")
    for heading in ("hours", "heard", "per h", "at most"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of which")
    for stream in result.negatives:
        table.add_row(stream.name, f"{stream.hours:.2f}", *_found(stream.words, stream.hours))
        if result.modes.wake_words:
            table.add_row("  wake words", "", *_found(stream.wake_words, stream.hours))
    return table


def _found(found: Counter[str], hours: float) -> list[str]:
    return [
        *_rate(found.total(), hours),
        ", ".join(f"{word} {n}" for word, n in found.most_common(5)),
    ]


def _rate(n: int, hours: float) -> list[str]:
    if not hours:
        return [str(n), "-", "-"]
    return [str(n), f"{n / hours:.3g}", f"{most_per_hour(n, hours):.3g}"]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _at_least(tally: Tally) -> str:
    return _percent(least_share(tally.hits, tally.said)) if tally.said else "-"


def _delays(tally: Tally) -> list[str]:
    delays = tally.delay_ms()
    return ["-"] * 3 if delays is None else [str(x) for x in delays.values()]
