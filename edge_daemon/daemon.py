"""The composition root: builds the parts, runs the main loop, and stops them in reverse."""

from __future__ import annotations

import faulthandler
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from edge_daemon.actions import ActionWorker
from edge_daemon.config import Config, check_permissions, named
from edge_daemon.connection import Inside
from edge_daemon.connections import Connections
from edge_daemon.control import Desk, socket_path
from edge_daemon.control.server import ControlServer
from edge_daemon.errors import ConfigError, EdgeDaemonError
from edge_daemon.events import Events
from edge_daemon.hearing import Hearing
from edge_daemon.listening import Listening
from edge_daemon.operations import Operations
from edge_daemon.parts import Parts, build_parts
from edge_daemon.pipeline import Pipeline
from edge_daemon.reload import Reload, Reloads
from edge_daemon.reporter import Reporter
from edge_daemon.signals import StopSignal
from edge_daemon.systemd import log_handler
from edge_daemon.telemetry.sampling import open_sampler
from edge_daemon.telemetry.sensors import Sampler

_LOG = logging.getLogger(__name__)

STOP_ACTIONS_S = 1.5
"""Time for running actions at a stop; systemd is promised an end within 2 s."""
STOP_RELOAD_S = 1.7
"""From a stop on, for a reload that goes on: an interpreter that ends under a library aborts."""
STOP_CONNECTIONS_S = 1.75
"""From a stop on, for brokers to be told and pages to be left."""
STOP_CLIPS_S = 0.2
STOP_SAVING_S = 0.1
"""At least, for what was set; its writing begins when the stop does."""
STOP_SENSORS_S = 0.2
"""Time for a reading of a sensor; what it holds up ends with the process."""
FINISH_ACTIONS_S = 30.0
"""Time for actions when a file or a pipe has ended by itself."""


class Daemon:
    """Listens to one source until it ends or a signal comes.

    Parameters
    ----------
    config : Config
    path : Path, optional
        The file that it was read from, which is not to be open to others.
    reread : callable, optional
        Reads the configuration again, for a reload; without it every reload is refused.
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
        path: Path | None = None,
        reread: Callable[[], Config] | None = None,
        quantizer: Sequence[str] | None = None,
        root: Path = Path("/"),
    ) -> None:
        logging.basicConfig(
            level=config.logging.level.upper(), handlers=[log_handler()], force=True
        )
        self._path = path
        self._reread = reread
        self._quantizer = quantizer
        self._root = root
        self._sampler: Sampler | None = None
        self._events = Events()
        self._desk = Desk()
        self._reporter = Reporter(config, self._events)
        self._connections = Connections(Inside(self._desk, self._events, self._reporter.telemetry))
        self._health = self._reporter.health
        with self._health.opening(config.model.path):
            self._parts = self._build(config)
        self._stop = StopSignal()
        self._worker = ActionWorker(self._parts.rules, config.action_worker.queue)
        self._listening = Listening(
            config.audio, self._pipeline.sample_rate_hz, self._stop, self._health.is_watched
        )
        self._reloads = Reloads(self._build_again)
        self._hearing = Hearing(self._parts, self._worker, self._reporter, self._events)
        self._operations = Operations(
            self._hearing, self._reporter, self._reloads, self._events, self._take_over_the_counts
        )

    def run(self) -> int:
        """Run to the end; return 0.

        Raises
        ------
        AudioError
            When a file or a pipe cannot be read, or, where no service manager waits, when the
            microphone cannot be opened at the start.
        AudioGone
            When the service manager is to start the daemon afresh.
        """
        if sys.stderr is not None:
            faulthandler.enable()  # the watchdog's SIGABRT then shows in the journal where it hung
        self._reporter.started(self._pipeline, self._parts.model)
        self._operations.begin()
        with self._stop:
            self._control = self._control_server()
            self._worker.start()
            why = "an error"
            try:
                self._connections.switch(self._parts.connections, self._config)
                self._sampler = open_sampler(self._root, self._config.telemetry.sensors_s)
                self._listen()
                self._finish_actions()
                why = self._stop.name or "the end of the audio"
            except EdgeDaemonError as error:
                why = str(error)
                raise
            finally:
                self._shut_down(why)
        return 0

    @property
    def _config(self) -> Config:
        return self._parts.config

    @property
    def _pipeline(self) -> Pipeline:
        return self._parts.pipeline

    def _build(self, config: Config) -> Parts:
        check_permissions(config, self._path, _LOG.warning)
        with named(self._path):
            timer = self._reporter.telemetry.timer
            return build_parts(config, timer, self._connections, self._quantizer)

    def _control_server(self) -> ControlServer:
        control = self._config.control
        return ControlServer(socket_path(control), self._events, control.group)

    def _listen(self) -> None:
        with closing(self._listening.events()) as events:
            for event in events:
                self._hearing.take(event)
                self._between_blocks()
        if not self._stop:
            self._hearing.end()

    def _between_blocks(self) -> None:
        if self._reporter.say_what_is_due():
            self._end_interval()
            self._reporter.summarise()
        self._switch_model_if_there_is_a_smaller_one()
        self._do_what_is_asked()
        self._reload_if_wished()

    def _switch_model_if_there_is_a_smaller_one(self) -> None:
        replacement = self._parts.replacement
        model = replacement.poll(self._pipeline.spec) if replacement else None
        if model:
            self._pipeline.switch_model(model)
            self._reporter.switched(model)

    def _do_what_is_asked(self) -> None:
        for client, request in self._control.requests():
            self._operations.do(request, client.answer)
        for request, reply in self._desk.take():
            self._operations.do(request, reply)
        self._operations.follow_up()

    def _take_over_the_counts(self) -> None:
        self._reporter.count(self._listening, self._pipeline, self._worker)

    def _end_interval(self) -> None:
        """Take over all counts, and what the sensors said since this was done the last time."""
        self._take_over_the_counts()
        if self._sampler:
            self._reporter.telemetry.set_sensors(self._sampler.take())

    def _build_again(self) -> Parts:
        """Read the configuration and build its parts, in the thread of a reload."""
        if self._reread is None:
            raise ConfigError(["there is no file to read it from again"])
        return self._build(self._reread())

    def _reload_if_wished(self) -> None:
        if self._stop.take_reload():
            self._reloads.wish()
        if self._reloads.begin():
            self._health.reloading()
        reload = self._reloads.ended()
        if reload:
            self._end_reload(reload)

    def _end_reload(self, reload: Reload) -> None:
        if reload.parts:
            self._replace_parts(reload.parts)
        else:
            self._reporter.refused(reload.problems)
        with self._control_moved():
            reload.answer()

    @contextmanager
    def _control_moved(self) -> Iterator[None]:
        """Open the socket where it is to be now; the one before closes when all is answered."""
        before, control = self._control, self._config.control
        if socket_path(control) != before.path:
            self._control = self._control_server()
        else:
            before.let_in(control.group)
        yield
        if self._control is not before:
            before.close()

    def _replace_parts(self, parts: Parts) -> None:
        """Let other parts take over, between two blocks."""
        before, self._parts = self._parts, parts
        self._worker.replace_rules(parts.rules, parts.config.action_worker.queue)
        before.close()
        self._operations.adjust(parts.pipeline)
        self._hearing.go_by(parts)
        self._connections.switch(parts.connections, parts.config)
        self._listening.go_by(parts.config.audio, parts.pipeline.sample_rate_hz)
        self._reporter.adjust(parts.config)
        self._sample_by(before.config)
        self._reporter.reloaded(parts.pipeline, parts.model)

    def _sample_by(self, before: Config) -> None:
        """Read the sensors as often as is wished now."""
        wished_s = self._config.telemetry.sensors_s
        if wished_s != before.telemetry.sensors_s:
            if self._sampler:
                self._sampler.stop(STOP_SENSORS_S)
            self._sampler = open_sampler(self._root, wished_s)

    def _finish_actions(self) -> None:
        """Let the actions of a file that has ended do their work; a signal cuts it short."""
        until = time.monotonic() + FINISH_ACTIONS_S
        while not self._stop and time.monotonic() < until:
            if self._worker.finish(timeout_s=0.2):
                return

    def _shut_down(self, why: str) -> None:
        began_s = time.monotonic()
        if self._stop:
            _LOG.info("%s: stopping", self._stop.name)
        self._health.stopping()
        self._operations.follow_up()  # who follows is told so, and what was set is written by then
        self._control.close()
        self._worker.stop(STOP_ACTIONS_S)
        self._parts.close()
        self._reloads.stop(max(0.0, began_s + STOP_RELOAD_S - time.monotonic()))
        self._pipeline.cut()
        self._end_interval()
        self._reporter.ended(why)
        self._hearing.stop(STOP_CLIPS_S)
        self._connections.stop(began_s + STOP_CONNECTIONS_S)
        self._operations.stop(max(STOP_SAVING_S, began_s + STOP_CONNECTIONS_S - time.monotonic()))
        if self._sampler:
            self._sampler.stop(STOP_SENSORS_S)
