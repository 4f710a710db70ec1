"""The audio of one client through a pipeline of its own."""

from __future__ import annotations

import numpy as np

from edge_daemon.audio.convert import Converter
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Detection
from edge_daemon.wyoming.samples import Format, frames_of


class Stream:
    """Takes audio in any format, which may change; every call computes, so none is for the loop."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.begin()

    def begin(self) -> None:
        """Start anew; nothing of what was heard before is remembered."""
        self._converter: Converter | None = None
        self._layout: Format | None = None
        self.pipeline.reset()

    def push(self, audio: bytes, layout: Format) -> list[Detection]:
        """Take the next audio and return what was heard by its end.

        Raises
        ------
        BadEvent
            It ends within a frame.
        """
        frames = frames_of(audio, layout)
        return self.pipeline.process(self._converter_for(layout).push(frames))

    def end(self) -> list[Detection]:
        """Return what else was heard: no more audio will come."""
        rest = self._converter.flush() if self._converter else np.zeros(0, np.int16)
        return [*self.pipeline.process(rest), *self.pipeline.flush()]

    def _converter_for(self, layout: Format) -> Converter:
        if self._converter is None or layout != self._layout:
            rate_hz = self.pipeline.sample_rate_hz
            self._converter = Converter(layout.rate_hz, layout.n_channels, "mean", rate_hz)
            self._layout = layout
        return self._converter
