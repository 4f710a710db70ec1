"""A run: rounds in which everything has its turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal

import numpy as np

from edge_daemon.benchmark.accuracy import accuracy
from edge_daemon.benchmark.audio import Playing, Recording
from edge_daemon.benchmark.candidate import Candidate
from edge_daemon.benchmark.combination import Combination
from edge_daemon.benchmark.commit import commit
from edge_daemon.benchmark.conditions import Conditions
from edge_daemon.benchmark.document import KIND, SCHEMA_VERSION, Accuracy, Document
from edge_daemon.benchmark.findings import OfPeer, OfRow
from edge_daemon.benchmark.measured import half_width, percentiles
from edge_daemon.benchmark.processes import described, peer_command
from edge_daemon.benchmark.progress import Tell
from edge_daemon.benchmark.remarks import remarks
from edge_daemon.benchmark.rows import peer_of, row_of
from edge_daemon.benchmark.settings import Settings
from edge_daemon.benchmark.steps import Steps, noting
from edge_daemon.board import Board
from edge_daemon.machine import versions

_LOOK_S = 1.1
"""Time for the sensors to tell how it is before and after."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured, and against whom (command lines)."""

    combinations: list[Combination]
    peers: list[str]
    recording: Recording
    data: Path | None
    settings: Settings


class Bench:
    """Measures what is asked for, round by round; can say at any time what it has found.

    folder : for the audio that the processes hear

    Raises
    ------
    EdgeDaemonError
        When a peer's script is not there.
    """

    def __init__(
        self, request: Request, conditions: Conditions, board: Board, folder: Path
    ) -> None:
        self._request, self._settings = request, request.settings
        self._conditions, self._board, self._folder = conditions, board, folder
        self._tell: Tell = _say_nothing
        self._rows = [OfRow(combination=each) for each in request.combinations]
        self._peers = [OfPeer(script=each, command=peer_command(each)) for each in request.peers]
        self._began, self._began_s = datetime.now(timezone.utc), time.monotonic()
        self._commit = commit()
        self._complete = False
        self._n_done = self._step = self._n_steps = 0

    @property
    def _loaded(self) -> list[OfRow]:
        return [row for row in self._rows if row.candidate]

    def run(self, tell: Tell, keep: Callable[[], None]) -> None:
        """Measure everything.

        tell : is told each step
        keep : is called after each round, when there is more to keep

        Raises
        ------
        EdgeDaemonError
            When `keep` does, as where the results cannot be written.
        """
        self._tell = tell
        steps = self._load()
        keep()
        self._look("before")
        for n in range(1, self._settings.n_rounds + 1):
            self._round(n, steps)
            keep()
        self._until_steady(steps)
        self._hear_clips()
        self._look("after")
        self._complete = True

    def document(self) -> Document:
        """Return what was found so far."""
        rows = [row_of(row, self._conditions) for row in self._rows]
        ours = next(iter(self._loaded), None)
        peers = [peer_of(peer, ours) for peer in self._peers]
        windows, request = self._conditions.windows, self._request
        return Document(
            kind=KIND, schema_version=SCHEMA_VERSION, complete=self._complete,
            began=self._began.isoformat(timespec="seconds"),
            took_s=round(time.monotonic() - self._began_s, 1), n_rounds_done=self._n_done,
            board=self._board, versions=versions(), commit=self._commit,
            settings=self._settings, audio=request.recording.audio,
            data=None if request.data is None else str(request.data),
            sensors=self._conditions.found, rows=rows, peers=peers, windows=windows,
            remarks=remarks(rows, peers, self._conditions, self._settings),
        )  # fmt: skip

    def _load(self) -> Steps:
        """Load each combination, and ask each peer who it is; what fails is a row that says so."""
        settings = self._settings
        playing = Playing(self._request.recording, self._folder, settings.fast_s, settings.window_s)
        self._n_steps = len(self._rows) + len(self._peers)
        for row in self._rows:
            self._next(f"loading {row.name}")
            with noting(row):
                row.candidate = Candidate(row.combination, playing.fast_path)
        for peer in self._peers:
            self._next(f"asking {peer.script} who it is")
            with noting(peer):
                peer.described = described(peer.command)
        asked = [peer for peer in self._peers if peer.described]
        steps = Steps(self._loaded, asked, playing, self._conditions, settings)
        n_judged = len(self._loaded) if self._request.data else 0
        self._n_steps += settings.n_rounds * len(steps.of_round(1)) + n_judged
        return steps

    def _look(self, kind: Literal["before", "after"]) -> None:
        with self._conditions.window(kind):
            time.sleep(_LOOK_S)

    def _round(self, n: int, steps: Steps) -> None:
        """Give everything its turn, in an order drawn by lot."""
        self._conditions.round = n
        todo = steps.of_round(n)
        for i in np.random.default_rng([self._settings.seed, n]).permutation(len(todo)).tolist():
            text, step = todo[i]
            self._next(f"round {n} of {self._settings.n_rounds}: {text}")
            step()
        self._n_done = n

    def _until_steady(self, steps: Steps) -> None:
        """Time more calls while a median is not known as well as the settings want it."""
        spent_s = self._settings.latency_s
        while spent_s < self._settings.most_latency_s and not all(
            map(self._is_known, self._loaded)
        ):
            self._tell("more inferences, to know their median well", self._step, self._n_steps)
            steps.time_calls()
            spent_s += self._settings.latency_share_s

    def _is_known(self, row: OfRow) -> bool:
        widths = [half_width(percentiles(ms, (50.0,))[0]) for ms in (row.model_ms, row.pipeline_ms)]
        return all(width is not None and width <= self._settings.interval for width in widths)

    def _hear_clips(self) -> None:
        """Score the clips once for each file and provider; threads change nothing about it."""
        if self._request.data is None:
            return
        known: dict[tuple[Path, str], Accuracy] = {}
        for row in self._loaded:
            self._next(f"{row.name}: accuracy")
            if row.candidate:
                model, obtained = row.candidate.model, row.candidate.model.obtained
                key = obtained.path, obtained.provider
                if key not in known:
                    with self._conditions.window("accuracy", row.name), noting(row):
                        known[key] = accuracy(
                            model, self._request.data, self._settings.limit, self._settings.seed
                        )
                row.accuracy = known.get(key)

    def _next(self, text: str) -> None:
        self._step += 1
        self._tell(text, self._step, self._n_steps)


def _say_nothing(_text: str, _step: int, _n_steps: int) -> None: ...
