"""The single things of which a round has one each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from edge_daemon.benchmark.audio import Playing
from edge_daemon.benchmark.candidate import Candidate
from edge_daemon.benchmark.conditions import SETTLED_S, Conditions
from edge_daemon.benchmark.findings import Heard, OfPeer, OfRow
from edge_daemon.benchmark.line import Pace
from edge_daemon.benchmark.processes import heard, our_command
from edge_daemon.benchmark.settings import Settings
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.timing import Timing, rounds

_MOST_ROUNDS = 500
"""Of single calls in one share: what comes after that would narrow the interval by nothing."""
_ENDLESS = 1_000_000

Step = tuple[str, Callable[[], None]]
"""What is done, in words, and how."""


class Steps:
    """Measures one share of one thing; knows where it is kept.

    rows, peers : those that can be measured at all
    """

    def __init__(
        self,
        rows: list[OfRow],
        peers: list[OfPeer],
        playing: Playing,
        conditions: Conditions,
        settings: Settings,
    ) -> None:
        self._rows, self._peers, self._playing = rows, peers, playing
        self._conditions, self._settings = conditions, settings
        self._timed = self._single_calls()

    def of_round(self, n: int) -> list[Step]:
        """Return the steps of a round, in the order of the rows."""
        steps: list[Step] = []
        if self._rows:
            steps.append(("single inferences and hops, in turns", self.time_calls))
        for row in self._rows:
            steps += self._processes(row, our_command(row.combination), n)
        for peer in self._peers:
            steps += self._processes(peer, peer.command, n)
        return steps + (self._powered() if self._conditions.is_metered else [])

    def time_calls(self) -> None:
        """Time inferences and hops of all rows in turns, for one share of the time."""
        share_s = self._settings.latency_share_s * len(self._rows)
        until_s = time.monotonic() + share_s
        with self._conditions.window("latency"):
            for _ in range(_MOST_ROUNDS):
                taken_ms = next(self._timed)
                for row, model_ms, pipeline_ms in zip(
                    self._rows, taken_ms[::2], taken_ms[1::2], strict=True
                ):
                    row.model_ms.append(model_ms)
                    row.pipeline_ms.append(pipeline_ms)
                if time.monotonic() > until_s:
                    break
        for row in self._rows:
            row.share_ends.append(len(row.model_ms))

    def _single_calls(self) -> Iterator[list[list[float]]]:
        loaded = [row.candidate for row in self._rows if row.candidate]
        calls = [call for each in loaded for call in (each.infer, each.hear)]
        timing = Timing(
            n_rounds=_ENDLESS, n_calls=self._settings.n_calls, n_warm_up=self._settings.n_warm_up,
            least_rounds=_ENDLESS,
        )  # fmt: skip
        n_inputs = min((each.n_inputs for each in loaded), default=1)
        return rounds(calls, n_inputs, timing, self._settings.seed)

    def _processes(self, found: OfRow | OfPeer, command: list[str], n: int) -> list[Step]:
        hear = partial(self._hear, found, command, n)
        return [
            (f"{found.name}: a process at real-time pace", partial(hear, "realtime")),
            (f"{found.name}: a process as fast as it goes", partial(hear, "fast")),
        ]

    def _hear(self, found: OfRow | OfPeer, command: list[str], n: int, pace: Pace) -> None:
        if found.refused:
            return
        with noting(found), self._conditions.window(pace, found.name):
            audio, audio_s = self._playing.of(pace, n)
            found.of(pace)[n] = heard(command, audio, audio_s, pace)

    def _powered(self) -> list[Step]:
        """Return what is done for the power alone: nothing, listening, and inferences only."""
        steps: list[Step] = [("idle, to know its power", self._idle)]
        for row in self._rows:
            if row.candidate:
                steps += [
                    (f"{row.name}: power, listening", partial(self._listen, row, row.candidate)),
                    (f"{row.name}: power, inferences", partial(self._infer, row, row.candidate)),
                ]
        return steps

    def _idle(self) -> None:
        time.sleep(SETTLED_S)
        with self._conditions.window("idle"):
            time.sleep(self._settings.powered_s)

    def _listen(self, row: OfRow, candidate: Candidate) -> None:
        candidate.listen(SETTLED_S)
        with self._conditions.window("listening", row.name):
            candidate.listen(self._settings.powered_s)

    def _infer(self, row: OfRow, candidate: Candidate) -> None:
        candidate.infer_for(SETTLED_S)
        with self._conditions.window("inferring", row.name) as inferences:
            inferences.append(candidate.infer_for(self._settings.powered_s))


@contextmanager
def noting(found: Heard) -> Iterator[None]:
    """Note why something could not be measured, and go on."""
    try:
        yield
    except EdgeDaemonError as error:
        found.refused = " ".join(str(error).split())
