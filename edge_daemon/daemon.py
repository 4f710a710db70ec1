"""The composition root: builds the parts, runs the main loop, and stops them in reverse."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge_daemon import __version__
from edge_daemon.actions import ActionWorker, build_actions
from edge_daemon.audio import AudioSource, open_source
from edge_daemon.config import Config
from edge_daemon.errors import AudioError
from edge_daemon.model import load_model
from edge_daemon.pipeline import Pipeline
from edge_daemon.systemd import Notifier, log_handler, watchdog_interval_s
from edge_daemon.telemetry import Interval, Telemetry
from edge_daemon.types import Block, Detection

_LOG = logging.getLogger(__name__)

STOP_ACTIONS_S = 1.5
"""Time for running actions at a stop; systemd is promised an end within 2 s."""
FINISH_ACTIONS_S = 30.0
"""Time for actions when a file or a pipe has ended by itself."""
FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 15.0
DEFAULT_WATCHDOG_S = 10.0
_SIGNAL_CHECK_S = 0.2
REMEMBERED = 200
"""Detections kept for the list that ends the run of a file."""


class Daemon:
    """Listens to one source until it ends or a signal comes.

    Raises
    ------
    ConfigError, ModelError
        When the configuration cannot be run.
    """

    def __init__(self, config: Config) -> None:
        _set_up_logging(config.logging.level)
        self._config = config
        self._telemetry = Telemetry()
        model = load_model(config.model, config.runtime)
        self._pipeline = Pipeline(config, model, self._telemetry.timer)
        self._worker = ActionWorker(build_actions(config.actions), config.action_worker.queue)
        self._health = _Health(Notifier())
        self._heard: list[Detection] = []
        self._stop = threading.Event()

    def run(self) -> int:
        """Run to the end; return 0.

        Raises
        ------
        AudioError
            When a file or a pipe cannot be read, or, where no service manager waits, when the
            microphone cannot be opened at the start.
        """
        spec = self._pipeline.spec
        _LOG.info("edge-daemon %s, model %s: %s", __version__, spec.name, ", ".join(spec.words))
        with _signals_set(self._stop):
            self._worker.start()
            ended = False
            try:
                ended = self._listen()
            finally:
                self._health.stopping()
                if ended:
                    self._finish_actions()
                self._worker.stop(STOP_ACTIONS_S)
                self._summarise()
        if ended:
            _LOG.info("heard in all: %s", "; ".join(map(_in_words, self._heard)) or "nothing")
        return 0

    def _listen(self) -> bool:
        """Read the source, open it again when it is lost; return whether it ended by itself."""
        retry_s = FIRST_RETRY_S
        while not self._stop.is_set():
            heard_before = self._telemetry.samples
            try:
                return self._read_to_the_end()
            except AudioError as error:
                if not self._may_retry():
                    raise
                self._telemetry.count_error()
                if self._telemetry.samples > heard_before:
                    retry_s = FIRST_RETRY_S
                _LOG.warning("no audio: %s; next try in %g s", error, retry_s)
                self._health.status(f"no audio: {error}")
                self._stop.wait(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
        return False

    def _may_retry(self) -> bool:
        """Tell whether to wait for the microphone: one that has worked, or a service's."""
        is_microphone = self._config.audio.source.partition(":")[0] == "mic"
        return is_microphone and (self._telemetry.samples > 0 or self._health.is_watched)

    def _read_to_the_end(self) -> bool:
        rate_hz = self._pipeline.spec.frontend.sample_rate_hz
        with open_source(self._config.audio, rate_hz) as source:
            _LOG.info("listening to %s", source.description)
            self._pipeline.reset()
            for block in self._blocks(source):
                self._hear(block)
        if self._stop.is_set():
            return False
        self._act_on(self._pipeline.flush())
        return True

    def _blocks(self, source: AudioSource) -> Iterator[Block]:
        """Yield blocks that hold audio, and keep the clockwork going beside them."""
        summaries = Interval(self._config.telemetry.interval_s, time.monotonic())
        while not self._stop.is_set():
            block = source.read()
            if block is None:
                return
            self._telemetry.count_block(block)
            if block.dropped:
                _LOG.warning("too slow: %d samples dropped", block.dropped)
            if len(block.samples):
                yield block
            if summaries.due(time.monotonic()):
                self._summarise()

    def _hear(self, block: Block) -> None:
        found = self._pipeline.process(block.samples)
        self._telemetry.latency.add(max(0.0, time.monotonic() - block.captured_s))
        self._health.audio_processed()  # readiness first: its status must not hide a word
        self._act_on(found)

    def _act_on(self, found: list[Detection]) -> None:
        for detection in found:
            self._worker.submit(detection)
            self._telemetry.count_detection(detection)
            self._heard.append(detection)
            del self._heard[:-REMEMBERED]
            fields = {"EDGE_LABEL": detection.label, "EDGE_SCORE": f"{detection.score:.4f}"}
            _LOG.info("heard %s", _in_words(detection), extra=fields)
            self._health.status(f"listening; last heard {_in_words(detection)}")

    def _finish_actions(self) -> None:
        """Let the actions of a file that has ended do their work; a signal cuts it short."""
        until = time.monotonic() + FINISH_ACTIONS_S
        while not self._stop.is_set() and time.monotonic() < until:
            if self._worker.finish(_SIGNAL_CHECK_S):
                return

    def _summarise(self) -> None:
        counts = self._worker.counts()
        self._telemetry.set_actions(counts.done, counts.failed, counts.dropped)
        _LOG.info("%s", self._telemetry.summary(self._config.telemetry.format))


def _in_words(detection: Detection) -> str:
    said = detection.label if detection.after is None else f"{detection.after} {detection.label}"
    return f"{said!r} at {detection.time_s:.1f} s ({detection.score:.2f})"


def _set_up_logging(level: str) -> None:
    logging.basicConfig(level=level.upper(), handlers=[log_handler()], force=True)


@contextmanager
def _signals_set(stop: threading.Event) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the main loop; put the handlers back afterwards."""

    def on_signal(number: int, _frame: object) -> None:
        _LOG.info("%s: stopping", signal.Signals(number).name)
        stop.set()

    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, on_signal) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _Health:
    """Tells systemd the truth: ready and alive mean that audio has been processed."""

    def __init__(self, notifier: Notifier) -> None:
        self.is_watched = "NOTIFY_SOCKET" in os.environ
        self._notifier = notifier
        self._every_s = watchdog_interval_s() or DEFAULT_WATCHDOG_S
        self._is_ready = False
        self._fed_s = 0.0
        notifier.status("starting")

    def audio_processed(self) -> None:
        """Feed the watchdog; nothing else does."""
        now = time.monotonic()
        if not self._is_ready:
            self._is_ready = True
            self._notifier.ready("listening; nothing heard yet")
        elif now - self._fed_s < self._every_s:
            return
        self._fed_s = now
        self._notifier.watchdog()

    def status(self, text: str) -> None:
        """Say what is going on."""
        self._notifier.status(text)

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._notifier.stopping("stopping")
