"""What is known by now, as the screen and the lines show it; fed with news, and with seconds."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from edge_daemon.events import Event, Happened, Heard, Live, State, Summary
from edge_daemon.monitor.feed import Ended, Lost, News, Refused

HISTORY_S = 120
"""Seconds that the small curves can look back on."""
STALE_S = 3.0
"""A daemon that listens and tells nothing for so long is not well."""
_SHOWN_FOR_S = 10.0
_HEARD = 50
_PEAK_OF = 10
"""Blocks over which the highest score is shown: a word's own lasts for one or two."""


def said(heard: Heard) -> str:
    """Return a word with the one that it followed."""
    return heard.label if heard.after is None else f"{heard.after} {heard.label}"


class View:
    """Keeps the newest of everything; has no clock but the times in the news and those given."""

    def __init__(self, now: float | None = None) -> None:
        self.state: State | None = None
        self.live: Live | None = None
        self.figures: dict[str, Any] | None = None
        """Of the newest summary."""
        self.words: deque[Heard] = deque(maxlen=_HEARD)
        """The newest is the last."""
        self.lost: Lost | None = None
        self.ended: Ended | None = None
        self.latencies_ms: deque[float] = deque(maxlen=HISTORY_S)
        """The longest of each second."""
        self.watts: deque[float] = deque(maxlen=HISTORY_S)
        self.n_heard = 0
        self._newest_at = time.time() if now is None else now
        self._recent: deque[Live] = deque(maxlen=_PEAK_OF)
        self._of_the_second_ms: list[float] = []
        self._note: tuple[float, str] | None = None

    def take(self, news: News) -> None:
        """Take in one piece of news."""
        if isinstance(news, Lost):
            self._forget_levels()
            self.figures = None
            self.lost = news
        elif isinstance(news, Ended):
            self._forget_levels()
            self.ended = news
        elif isinstance(news, Refused):
            self._note = (time.time(), news.why)
        else:
            self.lost = None
            self._newest_at = max(self._newest_at, news.at)
            self._take_event(news)

    def second(self, watts: float | None) -> None:
        """End a second: the curves go on by one step."""
        if self._of_the_second_ms:
            self.latencies_ms.append(max(self._of_the_second_ms))
            self._of_the_second_ms.clear()
        told = (self.figures or {}).get("sensors", {}).get("watts_mean")
        newest = told if watts is None else watts
        if newest is not None:
            self.watts.append(newest)

    def score(self, word: str) -> float:
        """Return the highest score of the last second."""
        return max((live.scores.get(word, 0.0) for live in self._recent), default=0.0)

    @property
    def peak_dbfs(self) -> float | None:
        """The highest level of the last second."""
        return max((live.level_dbfs for live in self._recent), default=None)

    def silent_s(self, now: float) -> float:
        """Return for how long nothing has come though something should have; 0: all is well."""
        condition = self.state.condition if self.state else "listening"
        expects = condition in ("listening", "muted") and not (self.lost or self.ended)
        age_s = now - self._newest_at
        return age_s if expects and age_s > STALE_S else 0.0

    def muted_left_s(self, now: float) -> float | None:
        """Return how long it stays muted; None where nobody has said."""
        if self.state is None or self.state.muted_left_s is None:
            return None
        return max(0.0, self.state.muted_left_s - (now - self.state.at))

    def note(self, now: float) -> str | None:
        """Return what is to be known just now, such as why a key did nothing."""
        is_new = self._note is not None and now - self._note[0] < _SHOWN_FOR_S
        return self._note[1] if self._note and is_new else None

    def _take_event(self, event: Event) -> None:
        if isinstance(event, Live):
            self._take_live(event)
        elif isinstance(event, State):
            self.state = event
            if event.condition in ("lost", "starting", "stopping"):
                self._forget_levels()
        elif isinstance(event, Heard):
            self.n_heard += 1
            self.words.append(event)
        elif isinstance(event, Summary):
            self.figures = event.figures
        elif isinstance(event, Happened):
            self._note = (event.at, ": ".join(filter(None, (event.kind, event.text))))

    def _take_live(self, live: Live) -> None:
        self.live = live
        self._recent.append(live)
        self._of_the_second_ms.append(live.latency_ms)

    def _forget_levels(self) -> None:
        """Show nothing as if it were so now; words and curves stay."""
        self.live = None
        self._recent.clear()
