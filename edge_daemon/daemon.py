"""The composition root: builds the parts, runs the main loop, and stops them in reverse."""

from __future__ import annotations

import faulthandler
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_daemon import __version__
from edge_daemon.actions import ActionWorker, build_actions
from edge_daemon.audio import AudioSource, open_source
from edge_daemon.config import Config
from edge_daemon.errors import AudioError, AudioLost
from edge_daemon.health import Health
from edge_daemon.model import load_model
from edge_daemon.pipeline import Pipeline
from edge_daemon.signals import StopSignal
from edge_daemon.systemd import log_handler
from edge_daemon.telemetry import Interval, Logbook, Telemetry, line_of
from edge_daemon.telemetry.sampling import open_sampler
from edge_daemon.telemetry.sensors import Sampler
from edge_daemon.types import Block, Detection

if TYPE_CHECKING:
    from edge_daemon.replacement import Replacement

_LOG = logging.getLogger(__name__)

STOP_ACTIONS_S = 1.5
"""Time for running actions at a stop; systemd is promised an end within 2 s."""
STOP_SENSORS_S = 0.2
"""Time for a reading of a sensor; what it holds up ends with the process."""
FINISH_ACTIONS_S = 30.0
"""Time for actions when a file or a pipe has ended by itself."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0
SAY_DROPPED_EVERY_S = 10.0
"""Least time between two log lines about audio that was dropped."""
REMEMBERED = 100
"""Detections kept for the list at the end."""


class Daemon:
    """Listens to one source until it ends or a signal comes.

    Parameters
    ----------
    config : Config
    quantizer : sequence of str, optional
        The program that ``model.quantize`` runs, in place of ``edge-daemon quantize``.
    root : Path
        The file system in which the board's sensors are looked for.

    Raises
    ------
    ConfigError, ModelError
        When the configuration cannot be run.
    """

    def __init__(
        self,
        config: Config,
        quantizer: Sequence[str] | None = None,
        root: Path = Path("/"),
    ) -> None:
        logging.basicConfig(
            level=config.logging.level.upper(), handlers=[log_handler()], force=True
        )
        self._config = config
        self._telemetry = Telemetry(idle_w=config.telemetry.idle_w)
        self._logbook = Logbook(config.telemetry.log)
        self._root = root
        self._sampler: Sampler | None = None
        self._health = Health()
        with self._health.opening(config.model.path):
            self._replacement = _replacement(config, quantizer)
            stored = self._replacement.stored if self._replacement else None
            model = stored or load_model(config.model, config.runtime)
            self._pipeline = Pipeline(config, model, self._telemetry.timer)
        self._obtained = model.obtained
        self._telemetry.rate_hz = self._pipeline.spec.frontend.sample_rate_hz
        self._telemetry.provider = model.obtained.provider
        self._worker = ActionWorker(build_actions(config.actions), config.action_worker.queue)
        self._stop = StopSignal()
        self._heard: list[Detection] = []
        self._dropped_unsaid = 0
        now = time.monotonic()
        self._summary_due = Interval(config.telemetry.interval_s, now)
        self._dropped_due = Interval(SAY_DROPPED_EVERY_S, now)

    def run(self) -> int:
        """Run to the end; return 0.

        Raises
        ------
        AudioError
            When a file or a pipe cannot be read, or, where no service manager waits, when the
            microphone cannot be opened at the start.
        """
        faulthandler.enable()  # the watchdog's SIGABRT then shows in the journal where it hung
        self._introduce()
        with self._stop:
            self._worker.start()
            try:
                self._sampler = open_sampler(self._root, self._config.telemetry.sensors_s)
                self._listen()
                self._finish_actions()
            finally:
                self._shut_down()
        return 0

    def _introduce(self) -> None:
        """Say what listens, and which words need what to be heard."""
        spec, confirmer = self._pipeline.spec, self._pipeline.confirmer
        who = f"edge-daemon {__version__}, model {spec.name}: {', '.join(spec.words)}"
        _LOG.info(who, extra=self._logbook.start(who, self._config.telemetry.interval_s))
        _LOG.info("%s", self._obtained)
        wake_words = dict.fromkeys(s.after for s in self._pipeline.sequences)
        need_one = dict.fromkeys(s.say for s in self._pipeline.sequences if s.is_needed)
        if wake_words:
            needed = f"; needed before {', '.join(need_one)}" if need_one else ""
            _LOG.info("wake words: %s%s", ", ".join(wake_words), needed)
        if confirmer:
            unknown = [word for word in spec.words if not confirmer.knows(word)]
            without = f"; without, as it does not know them: {', '.join(unknown)}"
            _LOG.info("confirmed by %s%s", confirmer.spec.name, without if unknown else "")

    def _listen(self) -> None:
        """Read the source to its end, opening it again when it is lost."""
        retry_s = FIRST_RETRY_S
        while not self._stop:
            samples_before = self._telemetry.samples
            try:
                self._read_to_the_end()
            except AudioError as error:
                if self._is_end(error):
                    break
                if not self._may_retry(error):
                    raise
                if self._telemetry.samples > samples_before:
                    retry_s = FIRST_RETRY_S
                self._wait_for_audio(error, retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
            else:
                break
        if not self._stop:
            self._act_on(self._pipeline.flush())

    @property
    def _kind(self) -> str:
        return self._config.audio.source.partition(":")[0]

    def _is_end(self, error: AudioError) -> bool:
        """Tell whether a FIFO's writer has ended a run by hand; a service waits for the next."""
        return self._kind == "pcm" and isinstance(error, AudioLost) and not self._health.is_watched

    def _may_retry(self, error: AudioError) -> bool:
        """Tell whether waiting may help: something was lost, or a service's card comes late."""
        has_worked = self._telemetry.samples > 0 or self._health.is_watched
        return isinstance(error, AudioLost) or (self._kind == "mic" and has_worked)

    def _wait_for_audio(self, error: AudioError, seconds: float) -> None:
        self._telemetry.count_error()
        fields = self._logbook.lost(str(error))
        _LOG.warning("no audio: %s; next try in %g s", error, seconds, extra=fields)
        self._health.audio_lost(str(error))
        self._health.still_waiting()
        self._stop.wait(seconds)
        self._say_what_is_due()

    def _read_to_the_end(self) -> None:
        rate_hz = self._pipeline.spec.frontend.sample_rate_hz
        with open_source(self._config.audio, rate_hz) as source:
            fields = self._logbook.event("listening", source.description)
            _LOG.info("listening to %s", source.description, extra=fields)
            self._pipeline.reset()
            for block in self._blocks(source):
                self._hear(block)

    def _blocks(self, source: AudioSource) -> Iterator[Block]:
        """Yield blocks that hold audio, and keep the clockwork going beside them."""
        while not self._stop and (block := source.read()) is not None:
            self._telemetry.count_block(block)
            self._dropped_unsaid += block.dropped
            if len(block.samples):
                yield block
            else:
                self._health.still_waiting()
            self._say_what_is_due()

    def _hear(self, block: Block) -> None:
        before_s = self._pipeline.position_s
        found = self._pipeline.process(block.samples)
        if self._pipeline.position_s == before_s:
            return  # less than a hop: nothing was decided yet
        decided_until_s = block.captured_s - self._pipeline.waiting_s
        self._telemetry.latency.add(max(0.0, time.monotonic() - decided_until_s))
        self._health.audio_processed()  # readiness first: its status must not hide a word
        self._act_on(found)

    def _act_on(self, found: list[Detection]) -> None:
        for detection in found:
            self._worker.submit(detection)
            self._telemetry.count_detection(detection)
            self._heard.append(detection)
            del self._heard[:-REMEMBERED]
            fields = self._logbook.heard(detection)
            _LOG.info("heard %s", _in_words(detection), extra=fields)
            self._health.heard(_in_words(detection))

    def _say_what_is_due(self) -> None:
        now = time.monotonic()
        if self._dropped_due.due(now) and self._dropped_unsaid:
            slow = f"too slow: {self._dropped_unsaid} samples dropped"
            _LOG.warning(slow, extra=self._logbook.event("dropped", slow))
            self._dropped_unsaid = 0
        if self._summary_due.due(now):
            self._summarise()
        self._switch_model_if_there_is_a_smaller_one()

    def _switch_model_if_there_is_a_smaller_one(self) -> None:
        if self._replacement is None:
            return
        model = self._replacement.poll(self._pipeline.spec)
        if model:
            self._pipeline.switch_model(model)
            self._telemetry.provider = model.obtained.provider
            _LOG.info("%s", model.obtained)
            self._logbook.event("model", f"{model.spec.name}, now from a smaller file")

    def _summarise(self) -> None:
        counts = self._worker.counts()
        self._telemetry.set_actions(counts.done, counts.failed, counts.dropped)
        confirmer = self._pipeline.confirmer
        if confirmer:
            self._telemetry.set_confirm(confirmer.confirmed, confirmer.rejected)
        self._take_over_from_the_side()
        snapshot = self._telemetry.snapshot()
        line = line_of(snapshot, self._config.telemetry.format)
        _LOG.info("%s", line, extra=self._logbook.summary(snapshot))

    def _take_over_from_the_side(self) -> None:
        """Take over what the gate, the sensors and the log of records have counted, if any."""
        gate = self._pipeline.activity
        if gate:
            self._telemetry.set_activity(gate.hops, gate.skipped, gate.openings, gate.floor_dbfs)
        if self._sampler:
            self._telemetry.set_sensors(self._sampler.take())
        if self._logbook.log:
            self._telemetry.set_records(self._logbook.log.written, self._logbook.log.lost)

    def _finish_actions(self) -> None:
        """Let the actions of a file that has ended do their work; a signal cuts it short."""
        until = time.monotonic() + FINISH_ACTIONS_S
        while not self._stop and time.monotonic() < until:
            if self._worker.finish(timeout_s=0.2):
                return

    def _shut_down(self) -> None:
        if self._stop:
            _LOG.info("%s: stopping", self._stop.name)
        self._health.stopping()
        if self._replacement:
            self._replacement.close()
        self._worker.stop(STOP_ACTIONS_S)
        if self._telemetry.samples:
            self._summarise()
            total = sum(self._telemetry.detections.values())
            latest = "; ".join(map(_in_words, self._heard))
            _LOG.info("heard %d words%s", total, f", the last: {latest}" if latest else "")
        self._logbook.event("stop", self._stop.name or "the end of the audio")
        if self._sampler:
            self._sampler.stop(STOP_SENSORS_S)


def _replacement(config: Config, quantizer: Sequence[str] | None) -> Replacement | None:
    if config.model.quantize.mode is None:
        return None
    from edge_daemon.replacement import QUANTIZER, Replacement

    return Replacement(config, quantizer or QUANTIZER)


def _in_words(detection: Detection) -> str:
    said = detection.label if detection.after is None else f"{detection.after} {detection.label}"
    return f"{said!r} at {detection.time_s:.1f} s ({detection.score:.2f})"
