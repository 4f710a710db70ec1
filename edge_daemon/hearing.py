"""What is done with the audio: it is worked on, and words go to the actions and to the reporter."""

from __future__ import annotations

from edge_daemon.actions import ActionWorker
from edge_daemon.audio.history import History
from edge_daemon.audio.muted import MutedWatch
from edge_daemon.listening import Event, Lost, Opened
from edge_daemon.parts import Parts
from edge_daemon.pipeline import Pipeline
from edge_daemon.reporter import Reporter
from edge_daemon.types import Block, Detection

KEPT_S = 5
"""Audio that is kept for the pipeline of another configuration: it hears what went before."""


class Hearing:
    """Takes what happens to the source, in order."""

    def __init__(self, parts: Parts, worker: ActionWorker, reporter: Reporter) -> None:
        self._parts = parts
        self._worker = worker
        self._reporter = reporter
        self._forget()

    @property
    def pipeline(self) -> Pipeline:
        """What works on the audio now."""
        return self._parts.pipeline

    def take(self, event: Event) -> None:
        """Work on a block of audio, or say what happened in its place."""
        if isinstance(event, Block):
            self._reporter.block(event)
            if len(event.samples):
                self._hear(event)
                return
        elif isinstance(event, Opened):
            self._reporter.opened(event)
            self._begin_stream()
        elif isinstance(event, Lost):
            self._reporter.lost(event)
        self._reporter.health.still_waiting()

    def end(self) -> None:
        """Decide on the last words: no more audio will come."""
        self._act_on(self.pipeline.flush())

    def go_by(self, parts: Parts) -> None:
        """Let other parts take over, with nothing of the audio lost and no word told twice."""
        before, self._parts = self._parts, parts
        if parts.config.audio.muted_after_s != before.config.audio.muted_after_s:
            self._watch_for_zeros()
        if parts.pipeline.sample_rate_hz == before.pipeline.sample_rate_hz:
            self._act_on(parts.pipeline.go_on_from(before.pipeline, self._history.newest()))
        else:
            parts.pipeline.count_on_from(before.pipeline)

    def _begin_stream(self) -> None:
        self.pipeline.reset()
        self._forget()

    def _forget(self) -> None:
        """Begin anew with what is remembered of a stream beside the pipeline."""
        self._history = History(KEPT_S * self.pipeline.sample_rate_hz)
        self._watch_for_zeros()

    def _watch_for_zeros(self) -> None:
        audio = self._parts.config.audio
        after_s = audio.muted_after_s if audio.source.startswith("mic") else None
        self._muted = MutedWatch(after_s, self.pipeline.sample_rate_hz)
        self._reporter.health.trouble("muted", "")

    def _hear(self, block: Block) -> None:
        before_s = self.pipeline.position_s
        found = self.pipeline.process(block.samples)
        self._history.push(block.samples)
        if change := self._muted.push(block.samples):
            self._reporter.muted(change)
        if self.pipeline.position_s == before_s:
            return  # less than a hop: nothing was decided yet
        # readiness first: its status must not hide a word
        self._reporter.decided(block.captured_s - self.pipeline.waiting_s)
        self._act_on(found)

    def _act_on(self, found: list[Detection]) -> None:
        for detection in found:
            self._worker.submit(detection)
            self._reporter.heard(detection)
