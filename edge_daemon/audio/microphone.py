"""A microphone through PortAudio."""

from __future__ import annotations

import gc
import time
from typing import Any

from edge_daemon.audio.channels import Frames, check_channel
from edge_daemon.audio.closing import end_stream
from edge_daemon.audio.convert import Converter
from edge_daemon.audio.devices import (
    DEVICE_UNAVAILABLE,
    Input,
    channel_counts,
    find_input,
    open_stream,
    portaudio_inputs,
    rates_to_try,
)
from edge_daemon.audio.portaudio import load_portaudio, reason
from edge_daemon.audio.ring import RingBuffer
from edge_daemon.audio.source import READ_TIMEOUT_S
from edge_daemon.config import AudioConfig
from edge_daemon.errors import AudioError, AudioLost
from edge_daemon.types import Block, Samples

MOST_DELAY_S = 1.0
"""From capture to callback; PortAudio is not believed when it says more."""


class MicrophoneSource:
    """The input of this name, at the model's rate or at one that the device has.

    PortAudio's callback copies into a ring buffer; ``read`` takes from it. The time of capture
    is the one that PortAudio gives, where it gives one, else the time of the callback. Opening it
    again finds devices that were plugged in since.
    """

    def __init__(
        self, config: AudioConfig, sample_rate_hz: int, *, name: str | None = None
    ) -> None:
        self._config = config
        self._sample_rate_hz = sample_rate_hz
        self._name = name
        self._description = f"microphone {name!r}" if name else "default microphone"
        self._stream: Any = None
        self._ring = RingBuffer(1, 1, sample_rate_hz)
        self._block_frames = 1
        self._waited_s = 0.0
        self._converter = Converter(sample_rate_hz, 1, config.channel, sample_rate_hz)
        self._dropped_frames = self._reported_dropped = 0
        self._overflows = 0
        self._reported_overflows = 0

    @property
    def description(self) -> str:
        """The device, its host API and the conversion."""
        return self._description

    @property
    def captured(self) -> int:
        """Samples that PortAudio has delivered since the stream was opened."""
        return self._converter.count(self._ring.written)

    def __enter__(self) -> MicrophoneSource:
        self._close()
        sd = load_portaudio()
        try:
            device = find_input(portaudio_inputs(sd), self._name)
        except sd.PortAudioError as error:
            raise AudioError(f"PortAudio cannot list the inputs: {reason(error)}") from None
        check_channel(self._config.channel, device.channels, f"microphone {device}")
        self._open(sd, device)
        return self

    def read(self) -> Block | None:
        """Return what the callback has captured; never None, for a microphone has no end.

        Raises
        ------
        AudioLost
            No sample has come for ``lost_after_s``, or the system has ended the stream.
        """
        if self._stream is None:
            raise AudioError(f"{self._description}: not open")
        taken = self._ring.read(self._block_frames, READ_TIMEOUT_S)
        if len(taken.frames):
            self._waited_s = 0.0
        else:
            self._waited_s += READ_TIMEOUT_S
            self._check_alive()
        self._dropped_frames += taken.dropped
        overflows, dropped = self._overflows, self._converter.count(self._dropped_frames)
        block = Block(
            self._convert(taken.frames),
            captured_s=taken.captured_s - self._converter.delay_s,
            dropped=dropped - self._reported_dropped,
            overflows=overflows - self._reported_overflows,
        )
        self._reported_overflows, self._reported_dropped = overflows, dropped
        return block

    def _convert(self, frames: Frames) -> Samples:
        return self._converter.push(frames) if len(frames) else frames[:, 0]

    def _check_alive(self) -> None:
        # a process that was stopped, as in a suspend, has not waited in vain for so long
        silent_s = min(time.monotonic() - self._called_s, self._waited_s)
        if not self._stream.active:
            raise AudioLost(f"{self._description}: the system has ended the stream; unplugged?")
        if silent_s > self._config.lost_after_s:
            raise AudioLost(
                f"{self._description}: no audio for {silent_s:.1f} s "
                f"(audio.lost_after_s is {self._config.lost_after_s:g}); unplugged?"
            )

    def _open(self, sd: Any, device: Input) -> None:
        """Open the device at the first rate and number of channels that it really takes."""
        refused: dict[str, list[str]] = {}
        for rate_hz in rates_to_try(self._sample_rate_hz, device.default_rate_hz):
            for n_channels in channel_counts(device.channels, self._config.channel):
                try:
                    self._start(sd, device, rate_hz, n_channels)
                except sd.PortAudioError as error:
                    if error.args[1:2] == (DEVICE_UNAVAILABLE,):
                        raise AudioError(_busy(device)) from None
                    refused.setdefault(reason(error), []).append(f"{rate_hz} Hz x {n_channels}")
                else:
                    return
        tried = "; ".join(f"{why}: {', '.join(what)}" for why, what in refused.items())
        raise AudioError(
            f"microphone {device}: cannot be opened ({tried}); "
            "`edge-daemon devices` shows what each input takes"
        )

    def _start(self, sd: Any, device: Input, rate_hz: int, n_channels: int) -> None:
        # a block a callback: each wakes the processor, and nobody needs a part of a block
        block_frames = rate_hz * self._config.block_ms // 1000
        stream = open_stream(sd, device, rate_hz, n_channels, self._on_audio, block_frames)
        try:
            self._prepare(rate_hz, n_channels, block_frames)
            stream.start()
        except BaseException:
            stream.close()
            raise
        self._stream = stream
        self._description = f"microphone {device}: {self._converter.description}"

    def _prepare(self, rate_hz: int, n_channels: int, block_frames: int) -> None:
        config = self._config
        self._rate_hz = rate_hz
        self._called_s = time.monotonic()
        self._waited_s = 0.0
        self._ring = RingBuffer(
            round(config.buffer_s * rate_hz), n_channels, rate_hz, started_s=self._called_s
        )
        self._block_frames = block_frames
        self._converter = Converter(rate_hz, n_channels, config.channel, self._sample_rate_hz)
        self._overflows = 0
        self._reported_overflows = 0
        self._dropped_frames = self._reported_dropped = 0

    def _on_audio(self, frames: Frames, count: int, times: Any, status: Any) -> None:
        """Copy and return: PortAudio calls this from its own thread, against a deadline."""
        self._called_s = time.monotonic()
        if status.input_overflow:
            self._overflows += 1
        self._ring.write(frames, newest_captured_s(self._called_s, times, count / self._rate_hz))

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            end_stream(stream, self._description)
            del stream
            gc.collect()  # it holds itself, and by its callback the ring, until the next collection


def newest_captured_s(now_s: float, times: Any, length_s: float) -> float:
    """Return when the newest sample of a buffer was captured, on the clock of ``now_s``.

    Parameters
    ----------
    now_s
        The time of the callback.
    times
        PortAudio's, on a clock of its own: ``inputBufferAdcTime`` is the capture of the first
        sample, ``currentTime`` the callback. Some host APIs leave one at 0 or give nonsense.
    length_s
        Time that the buffer holds.
    """
    adc_s, current_s = times.inputBufferAdcTime, times.currentTime
    since_first_s = current_s - adc_s if adc_s > 0 and current_s > 0 else 0.0
    if not 0 <= since_first_s <= MOST_DELAY_S:
        return now_s
    return min(now_s, now_s - since_first_s + length_s)


def _busy(device: Input) -> str:
    return (
        f"microphone {device}: unavailable: it is gone, or another program uses it; "
        "`fuser -v /dev/snd/*` shows which"
    )
