"""Keeps a source open: hands on its audio, and opens it again when it is lost."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from msgspec.structs import replace

from edge_daemon.audio import READ_TIMEOUT_S, AudioSource, open_source
from edge_daemon.audio.plugged import PluggedWatch
from edge_daemon.config import AudioConfig
from edge_daemon.errors import (
    AudioError,
    AudioGone,
    AudioLost,
    EdgeDaemonError,
    MissingDependency,
)
from edge_daemon.signals import StopSignal
from edge_daemon.types import Block

FIRST_RETRY_S = 0.5
LONGEST_RETRY_S = 5.0
LONGEST_SILENT_RETRY_S = 30.0
"""Where a stream opens and stays silent: ALSA's plugin for PulseAudio takes a whole core meanwhile."""

OpenSource: TypeAlias = Callable[[AudioConfig, int], AudioSource]


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream of audio begins."""

    description: str


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no audio."""

    error: EdgeDaemonError
    next_try_s: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """There is still none."""


Event: TypeAlias = Block | Opened | Lost | Waiting


class Listening:
    """The audio of one run, through all losses of its source, and what became of it.

    Every sample that came in is in ``n_captured``. It was handed on in a block, once; or it is in
    ``n_overwritten`` or ``n_left``; or it waits in the source that is open.

    Parameters
    ----------
    config : AudioConfig
    rate_hz : int
        Sample rate of the blocks.
    stop : StopSignal
        Ends it.
    is_watched : bool
        A service manager waits: it is worth waiting for a card that comes late, and to give up
        where a fresh start may help.
    open_source : callable
        Returns the source that a configuration names.
    """

    def __init__(
        self,
        config: AudioConfig,
        rate_hz: int,
        stop: StopSignal,
        is_watched: bool,
        open_source: OpenSource = open_source,
    ) -> None:
        self._config = config
        self._rate_hz = rate_hz
        self._stop = stop
        self._is_watched = is_watched
        self._open_source = open_source
        self._source: AudioSource | None = None
        self._plugged = PluggedWatch()
        self._is_to_reopen = self._is_reopened = self._was_silent = False
        self._has_worked = False
        self._lost_s: float | None = None
        self._retry_s = FIRST_RETRY_S
        self.n_overwritten = 0
        """Samples that were too old when they would have been handed on."""
        self.n_left = 0
        """Samples that waited in a source when it was closed."""
        self._n_captured = self._n_in_stream = 0

    @property
    def n_captured(self) -> int:
        """Samples that came in so far, at the rate of the blocks."""
        return self._n_captured + (self._source.captured if self._source else 0)

    def go_by(self, config: AudioConfig, rate_hz: int) -> None:
        """Go by another configuration: open the source anew where it is not the same any more."""
        if (_what_is_open(config), rate_hz) != (_what_is_open(self._config), self._rate_hz):
            self._is_to_reopen = self._is_reopened = True
        self._config, self._rate_hz = config, rate_hz

    def events(self) -> Generator[Event, None, None]:
        """Yield what happens, in order, until the audio ends or a stop is wished.

        Something comes at least every ``READ_TIMEOUT_S``, as long as the system answers.

        Raises
        ------
        AudioGone
            A watched microphone was lost and could not be opened again for ``give_up_after_s``; or
            the audio system hangs.
        AudioError
            The source cannot be read, and waiting would not help.
        """
        while not self._stop:
            try:
                yield from self._stream()
            except (AudioError, MissingDependency) as error:
                if self._is_end(error):
                    return
                yield from self._after(error)
            else:
                if not self._is_to_reopen:
                    return

    def _stream(self) -> Iterator[Event]:
        """Yield the audio of the source until it ends, or another is to be opened."""
        self._is_to_reopen = self._was_silent = False
        source = self._open_source(self._config, self._rate_hz)
        try:
            with source:
                self._source, self._n_in_stream = source, 0
                yield Opened(source.description)
                yield from self._blocks(source)
        finally:
            self._settle()

    def _blocks(self, source: AudioSource) -> Iterator[Block]:
        while not (self._stop or self._is_to_reopen):
            block = source.read()
            if block is None:
                return
            self._n_in_stream += len(block.samples) + block.dropped
            self.n_overwritten += block.dropped
            if len(block.samples):
                self._has_worked = True
                self._lost_s = None
                self._retry_s = FIRST_RETRY_S
            yield block

    def _settle(self) -> None:
        """Count what a source that is closed now still held."""
        source, self._source = self._source, None
        if source is None:
            return  # it did not open
        self._was_silent = self._n_in_stream == 0
        self.n_left += max(0, source.captured - self._n_in_stream)
        self._n_captured += max(source.captured, self._n_in_stream)

    def _after(self, error: EdgeDaemonError) -> Iterator[Event]:
        """Wait for the next try, or give up."""
        if not self._may_retry(error):
            raise error
        if self._lost_s is None:
            self._lost_s = time.monotonic()
        left_s = self._patience_s()
        if left_s <= 0:
            raise AudioGone(
                f"no audio for {self._config.give_up_after_s:g} s (audio.give_up_after_s), the "
                f"service manager is to start afresh: {error}"
            ) from error
        yield Lost(error, min(self._retry_s, left_s))
        yield from self._wait(min(self._retry_s, left_s))
        longest_s = LONGEST_SILENT_RETRY_S if self._was_silent else LONGEST_RETRY_S
        self._retry_s = min(2 * self._retry_s, longest_s)

    def _wait(self, seconds: float) -> Iterator[Event]:
        """Wait so long, or until a sound card comes or goes."""
        until_s = time.monotonic() + seconds
        while not (self._stop or self._is_to_reopen) and (left_s := until_s - time.monotonic()) > 0:
            if self._plugged.has_changed():
                self._retry_s = FIRST_RETRY_S / 2
                return
            self._stop.wait(min(left_s, READ_TIMEOUT_S))
            yield Waiting()

    def _patience_s(self) -> float:
        """Return how long it may still go on in vain."""
        limit_s = self._config.give_up_after_s
        if limit_s is None or self._lost_s is None or not self._may_give_up:
            return math.inf
        return self._lost_s + limit_s - time.monotonic()

    @property
    def _may_give_up(self) -> bool:
        """Tell whether a fresh process may do better: one that never had audio is fresh."""
        return self._is_watched and self._has_worked and self._kind == "mic"

    @property
    def _kind(self) -> str:
        return self._config.source.partition(":")[0]

    def _is_end(self, error: EdgeDaemonError) -> bool:
        """Tell whether all is over: a pipe's writer ended a run by hand, or a stop is wished."""
        if isinstance(error, AudioGone):
            return bool(self._stop)
        return self._kind == "pcm" and isinstance(error, AudioLost) and not self._is_watched

    def _may_retry(self, error: EdgeDaemonError) -> bool:
        """Tell whether waiting may help: something was lost, or a service's card comes late.

        What a reload has named is waited for in any case: the next one may mend it.
        """
        if isinstance(error, AudioLost):
            return not isinstance(error, AudioGone)
        is_microphone = self._kind == "mic" and not isinstance(error, MissingDependency)
        return self._is_reopened or (is_microphone and (self._has_worked or self._is_watched))


def _what_is_open(config: AudioConfig) -> AudioConfig:
    """Return the configuration without what an open source does not depend on."""
    return replace(config, muted_after_s=None, give_up_after_s=None)
