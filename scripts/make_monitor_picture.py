"""Puts a picture of `edge-daemon monitor` into docs/monitor.md, as text.

    python scripts/make_monitor_picture.py     # in the checkout

The demo clip is heard up to its fourth word, and the screen is drawn as a terminal of 80 by 24
shows it then; rich exports it.
"""

from __future__ import annotations

import io
import queue
import re
from pathlib import Path

from rich.console import Console

from edge_daemon.config import Config, with_audio
from edge_daemon.events import Live
from edge_daemon.monitor.feed import News
from edge_daemon.monitor.glyphs import BLOCKS
from edge_daemon.monitor.own_feed import OwnFeed
from edge_daemon.monitor.screen import Screen
from edge_daemon.monitor.view import View

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "monitor.md"
N_WORDS = 4
_WIDTH, _HEIGHT = 80, 24
_PATIENCE_S = 60.0
_BLOCKS_A_S = 10
_PICTURE = re.compile(r"(<!-- run: drawing -->\n```text\n).*?(```)", re.DOTALL)


def main() -> None:
    """Draw it, and put it where the one before stands."""
    view, now = _view()
    console = Console(file=io.StringIO(), width=_WIDTH, height=_HEIGHT, record=True)
    console.print(Screen(OwnFeed.name, BLOCKS).draw(view, _WIDTH, _HEIGHT, now))
    picture = "".join(f"{line.rstrip()}\n" for line in console.export_text().splitlines())
    page = PAGE.read_text()
    PAGE.write_text(_PICTURE.sub(lambda found: found[1] + picture + found[2], page, count=1))
    print(picture, end="")


def _view() -> tuple[View, float]:
    """Hear the clip at its own pace; return what is known after so many words, and when that is."""
    news: queue.SimpleQueue[News] = queue.SimpleQueue()
    feed = OwnFeed(with_audio(Config(), source="wav:config/demo.flac"))
    feed.start(news.put)
    view, n_live = View(), 0
    while True:
        one = news.get(timeout=_PATIENCE_S)
        view.take(one)
        if not isinstance(one, Live):
            continue
        n_live += 1
        if n_live % _BLOCKS_A_S == 0:
            view.second(watts=None)
        if view.n_heard == N_WORDS:
            feed.stop()
            return view, one.at


if __name__ == "__main__":
    main()
