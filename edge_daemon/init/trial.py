"""Listens for a few seconds: how loud it is, and which words are heard."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edge_daemon.audio import open_source
from edge_daemon.config import ActivityConfig, AudioConfig, PlayConfig
from edge_daemon.errors import EdgeDaemonError
from edge_daemon.events import Live
from edge_daemon.live import LiveView
from edge_daemon.pipeline import Pipeline
from edge_daemon.types import Detection, Samples

_CLIPPED = 32700
_NO_AUDIO_S = 10.0
IsEnough: TypeAlias = Callable[[Detection], bool]
"""Tells at a word that no other one need be waited for."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it."""

    samples: Samples
    rate_hz: int
    loudest_dbfs: float
    """Level of the loudest block."""
    floor_dbfs: float
    """The level that the room falls back to."""
    heard: list[Detection]

    @property
    def verdict(self) -> str:
        """What to think of the levels."""
        above_db = self.loudest_dbfs - self.floor_dbfs
        least_db = ActivityConfig().margin_db
        if not self.samples.any():
            return "nothing but zeros: the microphone is muted, by a switch or in alsamixer"
        if int(np.abs(self.samples.astype(np.int32)).max()) >= _CLIPPED:
            return "overdriven: lower the microphone in alsamixer (F4)"
        if above_db < least_db:
            return (
                f"nothing was louder than the room by {least_db:g} dB, as a word has to be: speak "
                "louder or nearer, or raise the microphone in alsamixer (F4)"
            )
        return f"good: the loudest was {above_db:.0f} dB above the room"


def listen(
    audio: AudioConfig,
    pipeline: Pipeline,
    seconds: float,
    show: Callable[[float], object],
    is_enough: IsEnough,
) -> Trial:
    """Listen for so long, or up to a word that is enough.

    Parameters
    ----------
    show : callable
        Is told the level of each block, in dB below full scale.

    Raises
    ------
    EdgeDaemonError
        The source does not open, or brings nothing.
    """
    pipeline.reset()
    view, rate_hz = LiveView(pipeline.spec.frontend), pipeline.sample_rate_hz
    blocks: list[Samples] = []
    shown: list[Live] = []
    heard: list[Detection] = []
    with closing(_audio(audio, rate_hz, seconds)) as recorded:
        for samples in recorded:
            heard += pipeline.process(samples)
            blocks.append(samples)
            shown.append(view.look(samples, pipeline, 0.0))
            show(shown[-1].level_dbfs)
            if any(map(is_enough, heard)):
                break
    if not blocks:
        raise EdgeDaemonError(f"{audio.source}: has no audio")
    loudest_dbfs = max(live.level_dbfs for live in shown)
    return Trial(np.concatenate(blocks), rate_hz, loudest_dbfs, shown[-1].floor_dbfs, heard)


def _audio(audio: AudioConfig, rate_hz: int, seconds: float) -> Generator[Samples, None, None]:
    """Yield blocks of so many seconds, or up to the end."""
    n_left, give_up_s = round(seconds * rate_hz), time.monotonic() + seconds + _NO_AUDIO_S
    with open_source(audio, rate_hz) as source:
        while n_left > 0 and (block := source.read()) is not None:
            if time.monotonic() > give_up_s:
                raise EdgeDaemonError(f"{source.description}: brings hardly any audio")
            if len(block.samples):
                n_left -= len(block.samples)
                yield block.samples


def play_back(trial: Trial) -> str | None:
    """Play what was recorded, as an action `play` would; return why it cannot be."""
    import soundfile

    player = PlayConfig().player
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "test.wav"
        soundfile.write(path, trial.samples, trial.rate_hz)
        longest_s = len(trial.samples) / trial.rate_hz + _NO_AUDIO_S
        try:
            done = subprocess.run(
                [*player, path], capture_output=True, text=True, timeout=longest_s, check=False
            )
        except FileNotFoundError:
            return f"{player[0]} is not installed; run: sudo apt install alsa-utils"
        except subprocess.TimeoutExpired:
            return f"{player[0]} does not end"
    return None if done.returncode == 0 else done.stderr.strip() or f"exit code {done.returncode}"
