"""Tells what happens to all who want to know: the log, the records, systemd, and the counts."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from edge_daemon import __version__
from edge_daemon.actions import ActionWorker
from edge_daemon.audio.muted import Change
from edge_daemon.config import Config, TelemetryConfig
from edge_daemon.errors import count_of
from edge_daemon.events import Events
from edge_daemon.health import Health
from edge_daemon.listening import Listening, Lost, Opened
from edge_daemon.model import LoadedModel
from edge_daemon.pipeline import Pipeline
from edge_daemon.telemetry import Interval, Logbook, Telemetry, line_of
from edge_daemon.telemetry.unanswered import Unanswered
from edge_daemon.types import Block, Detection

_LOG = logging.getLogger(__name__)

SAY_DROPPED_EVERY_S = 10.0
"""Least time between two log lines about audio that was dropped."""
REMEMBERED = 100
"""Detections kept for the list at the end."""
_SHOWN = 10
"""Detections in the daemon's status."""


class Reporter:
    """What one run says of itself.

    Parameters
    ----------
    config : Config
    events : Events
        Who follows the daemon is told through these.
    """

    def __init__(self, config: Config, events: Events) -> None:
        self.health = Health()
        self.telemetry = Telemetry(idle_w=config.telemetry.idle_w)
        self._logbook = Logbook(config.telemetry.log, events=events)
        self._unanswered = Unanswered((), 0.0)
        self._heard: list[Detection] = []
        self._newest_false: Detection | None = None
        self._dropped_unsaid = 0
        self._dropped_due = Interval(SAY_DROPPED_EVERY_S, time.monotonic())
        self._summary_due = _interval_of(config.telemetry)
        self.source = self.model = ""
        self.latency_s = 0.0
        """From the newest sample that was decided on to that decision."""
        self._audio_s = time.monotonic()
        self._telemetry_config = config.telemetry
        self.adjust(config)

    def adjust(self, config: Config) -> None:
        """Go by this configuration."""
        logging.getLogger().setLevel(config.logging.level.upper())
        before, self._telemetry_config = self._telemetry_config, config.telemetry
        self._muted_after_s = config.audio.muted_after_s
        self.telemetry.forget_what_not_all_have()
        if config.telemetry.interval_s != before.interval_s:  # else reloads would put it off
            self._summary_due = _interval_of(config.telemetry)
        if config.telemetry.idle_w != before.idle_w:
            self.telemetry.set_idle_power(config.telemetry.idle_w)
        if config.telemetry.log != before.log:
            self._logbook.keep_in(config.telemetry.log)

    def started(self, pipeline: Pipeline, model: LoadedModel) -> None:
        """Say that the run begins with these."""
        who = f"edge-daemon {__version__}, {_in_short(pipeline)}"
        _LOG.info(who, extra=self._logbook.start(who, self._telemetry_config.interval_s))
        self._introduce(pipeline, model)

    def reloaded(self, pipeline: Pipeline, model: LoadedModel) -> None:
        """Say that the configuration on disk is in force now, with these."""
        text = f"the configuration was read again: {_in_short(pipeline)}"
        _LOG.info(text, extra=self._logbook.event("reload", text))
        self._introduce(pipeline, model)
        self.health.reloaded()

    def _introduce(self, pipeline: Pipeline, model: LoadedModel) -> None:
        """Say what serves the model, and which words need what to be heard."""
        spec, confirmer = pipeline.spec, pipeline.confirmer
        self.telemetry.rate_hz = spec.frontend.sample_rate_hz
        self._serves(model)
        wake_words = dict.fromkeys(s.after for s in pipeline.sequences)
        within_ms = max((s.within_ms for s in pipeline.sequences), default=0)
        self._unanswered = Unanswered(wake_words, within_ms / 1000.0)
        need_one = dict.fromkeys(s.say for s in pipeline.sequences if s.is_needed)
        if wake_words:
            needed = f"; needed before {', '.join(need_one)}" if need_one else ""
            _LOG.info("wake words: %s%s", ", ".join(wake_words), needed)
        if confirmer:
            unknown = [word for word in spec.words if not confirmer.knows(word)]
            without = f"; without, as it does not know them: {', '.join(unknown)}"
            _LOG.info("confirmed by %s%s", confirmer.spec.name, without if unknown else "")

    def switched(self, model: LoadedModel) -> None:
        """Say that another file of the model serves."""
        self._serves(model)
        self._logbook.event("model", f"{model.spec.name}, now from a smaller file")

    def opened(self, event: Opened) -> None:
        """Say that a stream of audio begins."""
        self.source = event.description
        fields = self._logbook.event("listening", event.description)
        _LOG.info("listening to %s", event.description, extra=fields)

    def lost(self, event: Lost) -> None:
        """Say that there is no audio."""
        self.telemetry.count_error()
        fields = self._logbook.lost(str(event.error))
        _LOG.warning("no audio: %s; next try in %g s", event.error, event.next_try_s, extra=fields)
        self.health.audio_lost(str(event.error))

    def block(self, block: Block) -> None:
        """Count audio that has come."""
        self.telemetry.count_block(block)
        self._dropped_unsaid += block.dropped
        if len(block.samples):
            self._audio_s = time.monotonic()

    def decided(self, decided_until_s: float) -> None:
        """Note that all audio up to this time of the monotonic clock was worked on."""
        self.latency_s = max(0.0, time.monotonic() - decided_until_s)
        self.telemetry.latency.add(self.latency_s)
        self.health.audio_processed()

    def muted(self, change: Change) -> None:
        """Say that nothing but zeros came for long, or that this is over."""
        if change == "muted":
            text = (
                f"nothing but zeros for {self._muted_after_s:g} s: is the microphone muted, "
                "by a switch or in alsamixer?"
            )
            _LOG.warning(text, extra=self._logbook.event("muted", text))
            self.health.trouble("muted", "muted? nothing but zeros come")
        else:
            _LOG.info("no longer muted", extra=self._logbook.event("unmuted"))
            self.health.trouble("muted", "")

    def heard(self, detection: Detection) -> None:
        """Say that a word was heard."""
        self.telemetry.count_detection(detection)
        self.telemetry.n_unanswered += self._unanswered.heard(detection)
        self._heard.append(detection)
        del self._heard[:-REMEMBERED]
        fields = self._logbook.heard(detection, self.latency_s)
        _LOG.info("heard %s", _in_words(detection), extra=fields)
        self.health.heard(_in_words(detection))

    def triggered(self, detection: Detection) -> None:
        """Say that somebody asked for what is done at a word."""
        self.telemetry.n_triggered += 1
        fields = self._logbook.triggered(detection)
        said = " ".join(filter(None, (detection.after, detection.label)))
        _LOG.info("triggered from outside: %r", said, extra=fields)

    def false_alarm(self) -> Detection | None:
        """Count the newest word as one that nobody said; return it, if there is one."""
        if not self._heard or self._heard[-1] is self._newest_false:
            return None
        self._newest_false = self._heard[-1]
        self.telemetry.n_false_alarms += 1
        text = f"{_in_words(self._newest_false)} was a false alarm, somebody says"
        _LOG.info("%s", text, extra=self._logbook.event("false alarm", text))
        return self._newest_false

    def muted_by_hand(self, for_s: float | None) -> None:
        """Say that somebody has muted it, for so long or until somebody says otherwise."""
        text = "as asked for" if for_s is None else f"as asked for, for {for_s:g} s"
        _LOG.info("muted, %s", text, extra=self._logbook.event("muted by hand", text))
        self.health.trouble("asked", "muted")

    def heard_again_by_hand(self) -> None:
        """Say that this is over, as somebody wished or as the time is up."""
        _LOG.info(
            "no longer muted", extra=self._logbook.event("unmuted by hand", "no longer muted")
        )
        self.health.trouble("asked", "")

    def threshold(self, word: str, value: float, is_configured: bool) -> None:
        """Say from which score a word fires from now on."""
        text = f"{word} fires from {value:g}{' again, as configured' if is_configured else ''}"
        _LOG.info("%s", text, extra=self._logbook.event("threshold", text))

    def refused(self, problems: Sequence[str]) -> None:
        """Say why another configuration is not taken."""
        for problem in problems:
            _LOG.error("%s", problem)
        text = f"the configuration on disk is refused ({count_of(problems)}), the one before stays in force"
        _LOG.error("%s", text, extra=self._logbook.event("refused", f"{text}: {problems[0]}"))
        self.health.reloaded(refused=text)

    def count(self, listening: Listening, pipeline: Pipeline, worker: ActionWorker) -> None:
        """Take over what others have counted."""
        self.telemetry.set_audio(
            captured=listening.n_captured,
            processed=pipeline.n_processed,
            overwritten=listening.n_overwritten,
            cut=listening.n_left + pipeline.n_cut,
        )
        self.telemetry.n_unanswered += self._unanswered.passed(pipeline.position_s)
        counts = worker.counts()
        self.telemetry.set_actions(counts.done, counts.failed, counts.dropped)
        if pipeline.confirmer:
            confirmer = pipeline.confirmer
            self.telemetry.set_confirm(confirmer.confirmed, confirmer.rejected)
        if pipeline.activity:
            gate = pipeline.activity
            self.telemetry.set_activity(gate.hops, gate.skipped, gate.openings, gate.floor_dbfs)

    def say_what_is_due(self) -> bool:
        """Say what has waited for its time; tell whether a summary is due."""
        now = time.monotonic()
        if self._dropped_due.due(now):
            self.health.trouble("slow", "too slow, audio is dropped" if self._say_dropped() else "")
        return self._summary_due.due(now)

    def _say_dropped(self) -> bool:
        """Say what was dropped since this was asked the last time; tell whether anything was."""
        n, self._dropped_unsaid = self._dropped_unsaid, 0
        if n:
            slow = f"too slow: {n} samples dropped"
            _LOG.warning(slow, extra=self._logbook.event("dropped", slow))
        return n > 0

    def summarise(self) -> None:
        """Give the figures of the interval that ends now."""
        if self._logbook.log:
            self.telemetry.set_records(self._logbook.log.written, self._logbook.log.lost)
        snapshot = self.telemetry.snapshot()
        line = line_of(snapshot, self._telemetry_config.format)
        _LOG.info("%s", line, extra=self._logbook.summary(snapshot))

    @property
    def newest(self) -> list[Detection]:
        """The words heard last, the newest at the end."""
        return self._heard[-_SHOWN:]

    @property
    def last_audio_s(self) -> float:
        """How old the newest audio is."""
        return round(time.monotonic() - self._audio_s, 3)

    def ended(self, why: str) -> None:
        """Say what came of the whole run."""
        self._say_dropped()
        if self.telemetry.samples:
            self.summarise()
            total = sum(self.telemetry.detections.values())
            latest = "; ".join(map(_in_words, self._heard))
            _LOG.info("heard %d words%s", total, f", the last: {latest}" if latest else "")
        self._logbook.event("stop", why)

    def _serves(self, model: LoadedModel) -> None:
        self.model = model.spec.name
        self.telemetry.provider = model.obtained.provider
        _LOG.info("%s", model.obtained)


def _interval_of(config: TelemetryConfig) -> Interval:
    return Interval(config.interval_s, time.monotonic())


def _in_short(pipeline: Pipeline) -> str:
    return f"model {pipeline.spec.name}: {', '.join(pipeline.spec.words)}"


def _in_words(detection: Detection) -> str:
    said = detection.label if detection.after is None else f"{detection.after} {detection.label}"
    return f"{said!r} at {detection.time_s:.1f} s ({detection.score:.2f})"
