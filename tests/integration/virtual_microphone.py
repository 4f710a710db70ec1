"""A microphone that PortAudio really opens, on a machine without a sound card.

A private PulseAudio server reads a FIFO as its microphone; an ALSA configuration of our own
makes PortAudio list it as ``usbmic``. A thread writes what a test plays into the FIFO at the pace
of a microphone, and silence in between. It can be unplugged, plugged in again as another card or
with another rate, stalled and muted; its server can be killed.

    with VirtualMicrophone(tmp_path) as microphone:
        microphone.plug()
        microphone.play(samples)
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import soxr

from edge_daemon.types import Samples
from tests.integration.command_line import RATE_HZ
from tests.integration.feeder import Feeder
from tests.integration.sound_server import SoundServer

NAME = "usbmic"


class VirtualMicrophone:
    """The server, the microphone in it, and the thread that speaks into it.

    hiss : bool
        Its silence is a little noise, as of every real microphone, and no digital zeros.
    """

    def __init__(self, folder: Path, *, hiss: bool = False) -> None:
        self._folder = folder
        self._hiss = hiss
        self._feeder: Feeder | None = None
        self._module = ""
        self._plugged = 0
        self._delivered_before_s = 0.0
        self.server = SoundServer(folder)
        self.environment = self.server.environment
        """What a process needs in its environment to find the microphone."""

    def __enter__(self) -> VirtualMicrophone:
        self.server.list_inputs(NAME, "mic", 0)
        self._before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        self.server.start()
        return self

    def plug(
        self, rate_hz: int = 16000, n_channels: int = 1, *, source: str = "mic", card: int = 0
    ) -> None:
        """Plug a microphone of this rate in; it records silence until something is played.

        source : its name in the server; its index there is a new one each time
        card : its number, as far as PortAudio counts
        """
        self._plugged += 1
        self.server.list_inputs(NAME, source, card)
        fifo = self._folder / f"mic-{self._plugged}.fifo"
        self._module = self.server.pactl(
            *("load-module", "module-pipe-source", f"source_name={source}", f"file={fifo}"),
            *("format=s16le", f"rate={rate_hz}", f"channels={n_channels}"),
        )
        self._feeder = Feeder(fifo, rate_hz, n_channels, hiss=self._hiss)
        self._feeder.start()

    def unplug(self) -> None:
        """Pull it; does nothing when none is plugged in."""
        if self._feeder is not None:
            self._feeder.end()
            self.server.pactl("unload-module", self._module)
            self._forget_feeder(self._feeder)

    def kill_server(self) -> None:
        """Kill the sound server, with the microphone in it."""
        feeder = self._feeder
        if feeder is not None:
            feeder.end()
        self.server.kill()
        if feeder is not None:
            self._forget_feeder(feeder)

    def _forget_feeder(self, feeder: Feeder) -> None:
        feeder.join()
        self._delivered_before_s += feeder.written_s
        self._feeder = None

    @property
    def delivered_s(self) -> float:
        """Audio that it has delivered so far, as every microphone that was plugged in."""
        return self._delivered_before_s + (self._feeder.written_s if self._feeder else 0.0)

    def play(self, frames: npt.NDArray[np.int16]) -> None:
        """Speak into the microphone [shape=(n,) or (n, n_channels)]; returns at once."""
        self._plugged_in.play(frames)

    def stall(self) -> None:
        """Deliver nothing, not even silence, as a card that hangs."""
        self._plugged_in.flowing.clear()

    def resume(self) -> None:
        """End the stall."""
        self._plugged_in.flowing.set()

    def mute(self) -> None:
        """Deliver digital zeros, whatever is said, as its switch does."""
        self._plugged_in.muted = True

    def unmute(self) -> None:
        """Let through again what is said."""
        self._plugged_in.muted = False

    @property
    def _plugged_in(self) -> Feeder:
        assert self._feeder is not None, "no microphone is plugged in"
        return self._feeder

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.unplug()
        finally:
            self.server.stop()
            for name, value in self._before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def recorded(samples: Samples, rate_hz: int, n_channels: int) -> Samples:
    """Return what a microphone of this rate records of it [shape=(n, n_channels)]."""
    wave = soxr.resample(samples.astype(np.float32), RATE_HZ, rate_hz)
    frames: Samples = np.rint(wave.clip(-32768, 32767)).astype(np.int16)
    return np.stack([frames] * n_channels, axis=1)
