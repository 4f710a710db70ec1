"""From clip to clip that nobody has judged yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from edge_daemon.clips import ClipLabel
from edge_daemon.errors import AudioError
from edge_daemon.review.judging import Judging
from edge_daemon.review.keys import NextOrder, Order, next_order
from edge_daemon.review.playing import play
from edge_daemon.review.showing import HELP, clip_lines
from edge_daemon.types import Samples

LONGEST_WORD = 64


class Walk:
    """Shows the clips in order of time and writes each verdict at once: it can be ended anywhere.

    Parameters
    ----------
    judging : Judging
    player : sequence of str
        The program that plays a clip; the file is its last argument.
    console : Console
    next_order : callable, optional
        Waits for what the one who reviews wants.
    """

    def __init__(
        self,
        judging: Judging,
        player: Sequence[str],
        console: Console,
        next_order: NextOrder = next_order,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """How many were accepted, rejected, relabelled and skipped."""
        self._judging = judging
        self._player = player
        self._console = console
        self._next_order = next_order

    def run(self) -> None:
        """Go to the end, or until it is ended."""
        unjudged = [label for label in self._judging.labels() if label.verdict is None]
        self._say(f"{len(unjudged)} clips to judge in {self._judging.folder}; | is the decision")
        self._say(f"  {HELP}")
        for n, label in enumerate(unjudged, start=1):
            try:
                samples = self._judging.samples(label)
            except AudioError as error:  # removed meanwhile, to make room
                self._say(f"\n{error}")
                self.counts["unreadable"] += 1
                continue
            self._console.print(clip_lines(label, samples, f"[{n} of {len(unjudged)}]"))
            if not self._goes_on(label, samples):
                break
        told = ", ".join(f"{n} {what}" for what, n in self.counts.items())
        self._say(f"\n{told or 'nothing judged'}")

    def _goes_on(self, label: ClipLabel, samples: Samples) -> bool:
        """Take orders until the clip is done with; False ends the walk."""
        while True:
            order = self._next_order()
            if order.do == "quit":
                return False
            if order.do == "play":
                self._say(play(samples, self._player) or "  played")
            elif self._is_judged(label, order):
                return True

    def _is_judged(self, label: ClipLabel, order: Order) -> bool:
        """Write the verdict that was given; False where it was none."""
        if order.do == "skip":
            return self._done("skipped")
        if order.do == "accept":
            self._judging.judge(label, "accepted")
            return self._done("accepted")
        if order.do == "reject":
            self._judging.judge(label, "rejected")
            return self._done("rejected")
        if order.do == "relabel" and 0 < len(order.word) <= LONGEST_WORD:
            self._judging.judge(label, "accepted", said=order.word)
            return self._done("relabelled", f": {order.word}")
        self._say("  l takes a word: l left" if order.do == "relabel" else f"  {HELP}")
        return False

    def _done(self, what: str, more: str = "") -> bool:
        self.counts[what] += 1
        self._say(f"  {what}{more}")
        return True

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)
