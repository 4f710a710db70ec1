"""News of a pipeline of our own, where there is no daemon to look at."""

from __future__ import annotations

import threading
import time

from msgspec.structs import replace

from edge_daemon.config import Config
from edge_daemon.events import Condition, Heard, State, Summary
from edge_daemon.listening import Event, Listening, Lost, Opened
from edge_daemon.live import LiveView
from edge_daemon.model import load_model
from edge_daemon.monitor.feed import Ended, Put
from edge_daemon.mute import Mute
from edge_daemon.pipeline import Pipeline
from edge_daemon.signals import StopSignal
from edge_daemon.telemetry import Interval, Telemetry
from edge_daemon.types import Block, Detection

_SUMMARY_EVERY_S = 1.0


class OwnFeed:
    """Listens to the source of a configuration; words are shown, and no action is run.

    Parameters
    ----------
    config : Config

    Raises
    ------
    ConfigError, ModelError
    """

    name = "own source, no actions"

    def __init__(self, config: Config) -> None:
        # there is no service manager that could start it afresh
        self._audio = replace(config.audio, give_up_after_s=None)
        self._telemetry = Telemetry()
        self._pipeline = Pipeline(
            config, load_model(config.model, config.runtime), self._telemetry.timer
        )
        self._view = LiveView(self._pipeline.spec.frontend)
        self._mute = Mute(self._pipeline.sample_rate_hz)
        self._summary = Interval(_SUMMARY_EVERY_S, time.monotonic())
        self._is_muting_wished = self._is_stopped = False
        self._condition: Condition = "starting"
        self._source = self._text = ""
        self._last: Detection | None = None
        self._put: Put = lambda _news: None

    def start(self, put: Put) -> None:
        """Begin to listen."""
        self._put = put
        threading.Thread(target=self._work, name="monitor-listen", daemon=True).start()

    def set_muted(self, muted: bool) -> None:
        """Hear zeros from the next block on, or not any more."""
        self._is_muting_wished = muted

    def stop(self) -> None:
        """Listen no more."""
        self._is_stopped = True

    def _work(self) -> None:
        try:
            self._listen()
        except Exception as error:  # the screen has to end, and to say why
            self._put(Ended(error))
        else:
            self._put(Ended())

    def _listen(self) -> None:
        self._tell("starting", "the source is being opened")
        listening = Listening(
            self._audio, self._pipeline.sample_rate_hz, StopSignal(), is_watched=False
        )
        for event in listening.events():
            if self._is_stopped:
                return
            self._take(event)
        for detection in self._pipeline.flush():
            self._heard(detection)

    def _take(self, event: Event) -> None:
        if isinstance(event, Opened):
            self._source = event.description
            self._pipeline.reset()
            self._tell("starting", "the source is open")
        elif isinstance(event, Lost):
            self._tell("lost", f"no audio: {event.error}")
        elif isinstance(event, Block) and len(event.samples):
            self._hear(event)
        if self._summary.due(time.monotonic()):
            self._put(Summary(figures=dict(self._telemetry.snapshot())))

    def _hear(self, block: Block) -> None:
        self._telemetry.count_block(block)
        self._mute_as_wished()
        samples = self._mute.through(block.samples)
        found = self._pipeline.process(samples)
        latency_s = max(0.0, time.monotonic() - block.captured_s)
        self._telemetry.latency.add(latency_s)
        for detection in found:
            self._heard(detection, latency_s)
        self._put(self._view.look(samples, self._pipeline, latency_s))
        condition: Condition = "muted" if self._mute.is_on else "listening"
        if condition != self._condition:
            self._tell(condition, condition)

    def _mute_as_wished(self) -> None:
        if self._is_muting_wished and not self._mute.is_on:
            self._mute.ask(None)
        elif not self._is_muting_wished and self._mute.is_on:
            self._mute.end()

    def _heard(self, found: Detection, latency_s: float | None = None) -> None:
        self._telemetry.count_detection(found)
        self._last = found
        self._put(
            Heard(
                label=found.label,
                score=found.score,
                time_s=found.time_s,
                after=found.after,
                latency_ms=None if latency_s is None else 1000.0 * latency_s,
            )
        )

    def _tell(self, condition: Condition, text: str) -> None:
        self._condition, self._text = condition, text
        spec = self._pipeline.spec
        self._put(
            State(
                condition=condition,
                text=text,
                source=self._source,
                model=spec.name,
                words=list(spec.words),
                muted=self._mute.is_on,
                muted_left_s=self._mute.left_s,
                thresholds=self._pipeline.thresholds,
                last=self._last.as_json() if self._last else None,
            )
        )
