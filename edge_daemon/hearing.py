"""What is done with the audio: it is worked on, and words go to the actions and to the reporter."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge_daemon.actions import ActionWorker
from edge_daemon.audio.history import History
from edge_daemon.audio.muted import MutedWatch
from edge_daemon.config import Config
from edge_daemon.events import Events
from edge_daemon.listening import Event, Lost, Opened
from edge_daemon.live import LiveView
from edge_daemon.mute import Mute
from edge_daemon.parts import Parts
from edge_daemon.pipeline import Pipeline
from edge_daemon.reporter import Reporter
from edge_daemon.types import Block, Detection, Samples

if TYPE_CHECKING:
    from edge_daemon.clips import ClipKeeper

_LOG = logging.getLogger(__name__)

KEPT_S = 5
"""Audio that is kept for the pipeline of another configuration: it hears what went before."""


class Hearing:
    """Takes what happens to the source, in order.

    Parameters
    ----------
    parts : Parts
    worker : ActionWorker
    reporter : Reporter
    events : Events
        Who looks on is told levels and scores.
    """

    def __init__(
        self, parts: Parts, worker: ActionWorker, reporter: Reporter, events: Events
    ) -> None:
        self._parts = parts
        self._worker = worker
        self._reporter = reporter
        self._events = events
        self.mute = Mute(parts.pipeline.sample_rate_hz)
        """What lets no audio through."""
        self._clips = _keeper(parts)
        self._live: LiveView | None = None
        self._forget()

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._parts.config

    @property
    def pipeline(self) -> Pipeline:
        """What works on the audio now."""
        return self._parts.pipeline

    @property
    def hears_only_zeros(self) -> bool:
        """Nothing but zeros have come for ``audio.muted_after_s``, as with a switch that is off."""
        return self._muted.is_muted

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
        self._tell_unless_muted(self.pipeline.flush())

    def stop(self, timeout_s: float) -> None:
        """Write the last clips."""
        if self._clips:
            self._clips.stop(timeout_s)

    def go_by(self, parts: Parts) -> None:
        """Let other parts take over, with nothing of the audio lost and no word told twice."""
        before, self._parts = self._parts, parts
        if parts.config.audio.muted_after_s != before.config.audio.muted_after_s:
            self._watch_for_zeros()
        if parts.pipeline.sample_rate_hz == before.pipeline.sample_rate_hz:
            found = parts.pipeline.go_on_from(before.pipeline, self._history.newest())
            self._tell_unless_muted(found)
        else:
            parts.pipeline.count_on_from(before.pipeline)
            self.mute.go_on_at(parts.pipeline.sample_rate_hz)
        self._keep_clips_by(before)

    def act_on(self, detection: Detection) -> None:
        """Do what is to be done at this word, and hear nothing meanwhile where that is wished."""
        self._worker.submit(detection)
        matching = [rule.mute_ms for rule in self._parts.rules if rule.matches(detection)]
        if any(matching):
            self.mute.begin_span(max(matching))

    def mark_false(self) -> None:
        """Note with the newest clip, if clips are kept, that nobody had said the word."""
        if self._clips:
            self._clips.mark_false()

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
        is_muted = self.mute.is_silencing  # else a word that was begun before would still come
        samples = self.mute.through(block.samples)
        found = self.pipeline.process(samples)
        self._history.push(samples)
        if self._clips:
            self._clips.push(samples, self.pipeline.position_s + self.pipeline.waiting_s)
        if change := self._muted.push(block.samples):
            self._reporter.muted(change)
        if self.pipeline.position_s > before_s:  # else it was less than a hop: nothing was decided
            # readiness first: its status must not hide a word
            self._reporter.decided(block.captured_s - self.pipeline.waiting_s)
            if not is_muted:
                self._tell(found)
        self._show(samples)

    def _tell_unless_muted(self, found: list[Detection]) -> None:
        if not self.mute.is_silencing:
            self._tell(found)

    def _tell(self, found: list[Detection]) -> None:
        for detection in found:
            self.act_on(detection)
            self._reporter.heard(detection)
            if self._clips:
                self._clips.heard(detection)

    def _show(self, samples: Samples) -> None:
        """Show the newest audio to those who look on; nothing is made for nobody."""
        if not self._events.are_watched_live:
            self._live = None
            return
        spec = self.pipeline.spec.frontend
        if self._live is None or self._live.spec != spec:
            self._live = LiveView(spec)
        pictured = self._events.are_pictured
        self._events.publish(
            self._live.look(samples, self.pipeline, self._reporter.latency_s, pictured)
        )

    def _keep_clips_by(self, before: Parts) -> None:
        parts = self._parts
        same_rate = parts.pipeline.sample_rate_hz == before.pipeline.sample_rate_hz
        if self._clips and parts.config.clips == before.config.clips and same_rate:
            self._clips.model = _model_name(parts)
            return
        self.stop(0.0)
        self._clips = _keeper(parts)


def _model_name(parts: Parts) -> str:
    return f"{parts.pipeline.spec.name} {parts.pipeline.spec.version}"


def _keeper(parts: Parts) -> ClipKeeper | None:
    if parts.config.clips.path is None:
        return None
    from edge_daemon.clips import ClipKeeper

    try:
        return ClipKeeper(parts.config.clips, parts.pipeline.sample_rate_hz, _model_name(parts))
    except RuntimeError as error:  # no thread is to be had
        _LOG.error("clips: %s; none are kept until the next reload", error)
        return None
