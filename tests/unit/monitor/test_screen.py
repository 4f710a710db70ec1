"""The picture fits, whatever the terminal and whatever there is to be shown."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from edge_daemon.monitor.feed import Lost, News
from edge_daemon.monitor.glyphs import ASCII, BLOCKS, Glyphs, glyphs_for
from edge_daemon.monitor.lines import line_of
from edge_daemon.monitor.screen import KEYS, Screen
from edge_daemon.monitor.view import View
from tests.unit.monitor.told import NOW, WORDS, heard, live, state


def picture(known: View, width: int = 80, height: int = 24, glyphs: Glyphs = BLOCKS) -> list[str]:
    """Return the lines that stand on a terminal of this size."""
    console = Console(
        file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None,
        record=True,
    )  # fmt: skip
    console.print(Screen("daemon", glyphs).draw(known, width, height, NOW))
    return console.export_text().splitlines()


def busy_view(words: list[str] = WORDS, *more: News) -> View:
    """Return one of a daemon that has heard a lot, with curves that are full."""
    known = View(NOW)
    scores = {word: i / len(words) for i, word in enumerate(words)} if words else {}
    news: list[News] = [
        state(words=words, thresholds=dict.fromkeys(words, 0.5)),
        *(map(heard, words)),
    ]
    for one in [*news, live(**scores), *more]:
        known.take(one)
    for i in range(200):
        known.take(live(latency_ms=1.0 + i % 7, **scores))
        known.second(watts=3.0 + i % 5)
    return known


def test_a_word_is_shown_with_its_own_latency() -> None:
    """One that nobody said has none."""
    known = View(NOW)
    for one in (
        state(),
        heard("yes", latency_ms=12.5),
        heard("up", triggered=True, latency_ms=None),
        live(),
    ):
        known.take(one)
    shown = [" ".join(line.split()[1:]) for line in picture(known)]
    assert "yes 0.90 12.5 ms" in shown, shown
    assert "up 0.90 triggered" in shown, shown


names = st.lists(st.text(min_size=1, max_size=30), max_size=60, unique=True)


@given(
    words=names, text=st.text(), width=st.integers(1, 200), height=st.integers(1, 60),
    glyphs=st.sampled_from([ASCII, BLOCKS]), is_lost=st.booleans(),
)  # fmt: skip
def test_it_fits(
    words: list[str], text: str, width: int, height: int, glyphs: Glyphs, is_lost: bool
) -> None:
    """No line is longer than the terminal is wide and none more are there than it has, whatever
    the words and the texts are, and nothing in them moves the cursor.
    """  # noqa: D205
    more: list[News] = [state(words=words, text=text, source=text, model=text)]
    known = busy_view(words, *more, *([Lost(text)] if is_lost else []))
    lines = picture(known, width, height, glyphs)
    assert len(lines) <= height, lines
    too_long = [line for line in lines if cell_len(line) > width]
    assert not too_long, too_long
    shown = "".join(lines)
    assert shown.isprintable(), shown
    assert glyphs is BLOCKS or shown.isascii(), shown


def test_at_80_by_24_all_that_matters_is_there() -> None:
    """With sixteen words: the condition, health, level, floor, all bars, words, both curves, keys."""
    words = [f"word-{i}" for i in range(16)]
    lines = picture(busy_view(words))
    assert len(lines) == 24
    text = "\n".join(lines)
    for wanted in (*words, "LISTENING", "usbmic", "level", "floor", "latency", "power", "heard 16"):
        assert wanted in text, f"{wanted} is missing:\n{text}"
    assert lines[-1].strip() == KEYS
    assert sum("ms" in line and ":" in line for line in lines) >= 4, text  # words that were heard


@pytest.mark.parametrize(("width", "height"), [(40, 10), (20, 6), (80, 5)])
def test_a_small_terminal_shows_what_matters_most(width: int, height: int) -> None:
    """The condition, the level and the highest scores stay, and the keys."""
    words = [f"word-{i}" for i in range(16)]
    lines = picture(busy_view(words), width, height)
    text = "\n".join(lines)
    assert len(lines) == height, text
    assert "LISTENING" in lines[0]
    assert "level" in lines[1]
    assert "word-15" in text, text
    assert KEYS.startswith(lines[-1].rstrip()[:15])


def test_a_threshold_and_a_score_beyond_it_are_seen_without_colours() -> None:
    """The mark stands in the bar, and a word beyond it has a star."""
    lines = picture(busy_view(["quiet", "loud"]), glyphs=ASCII)
    quiet, loud = (next(x for x in lines if x.startswith(word)) for word in ("quiet", "loud"))
    assert (quiet.count("*"), loud.count("*")) == (0, 1), lines
    assert (quiet.count("|"), loud.count("|")) == (1, 1), lines


def test_a_bar_fills_its_width() -> None:
    """Nothing at 0, all at 1, and in between as much as is due."""
    assert [ASCII.bar(x, 4) for x in (0.0, 0.5, 1.0, 2.0)] == ["....", "##..", "####", "####"]
    assert BLOCKS.bar(0.5625, 4) == "██▎ "


def test_a_curve_shows_the_newest() -> None:
    """The highest value is the top, 0 the bottom; of more values than fit the oldest go."""
    assert BLOCKS.curve([9.0, 0.0, 1.0, 2.0], 3) == "▁▄█"
    assert BLOCKS.curve([], 3) == ""


@pytest.mark.parametrize(
    ("encoding", "term", "wanted"),
    [("utf-8", "xterm", BLOCKS), ("ascii", "xterm", ASCII), ("utf-8", "linux", ASCII)],
)
def test_a_bare_terminal_gets_plain_characters(encoding: str, term: str, wanted: Glyphs) -> None:
    """Blocks only where they can be shown."""
    assert glyphs_for(encoding, term) is wanted


def test_a_line_tells_the_new_words_once() -> None:
    """The line of a second has levels, the nearest word, and what was heard since the last one."""
    known = busy_view()
    line = line_of(known, NOW, 2, ASCII)
    assert "heard up (0.90), down (0.90)" in line
    assert "level -30.0 dBFS" in line
    assert "nearest down 0.75 of 0.50" in line
    assert "heard" not in line_of(known, NOW, 0, ASCII)
