"""The inputs that PortAudio offers, and what each of them really opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_daemon.audio.portaudio import load_portaudio, reason
from edge_daemon.errors import AudioError

COMMON_RATES_HZ = (48000, 44100, 32000, 96000, 16000, 22050, 8000)
"""Rates that sound cards have, the likeliest first."""

LATENCY_S = 0.2
"""Asked of PortAudio: room for a busy machine."""

DEVICE_UNAVAILABLE = -9985
"""PortAudio's paDeviceUnavailable: gone, or in use by another program."""


@dataclass(frozen=True, slots=True)
class InputDevice:
    """An input, as ``edge-daemon devices`` shows it."""

    name: str
    host_api: str
    channels: int
    """Most channels that it offers; sound servers offer more than the microphone has."""
    rates_hz: tuple[int, ...]
    """Rates at which it was opened with success; empty where it was not tried."""
    problem: str | None
    """Why it cannot be opened; None where it can."""
    is_default: bool
    """It is what ``mic`` without a name opens."""

    @property
    def opens(self) -> str:
        """Say at which rates it opens, or why it does not."""
        return self.problem or f"opens at {', '.join(map(str, self.rates_hz))} Hz"


@dataclass(frozen=True, slots=True)
class Input:
    """An input in PortAudio's list."""

    index: int
    name: str
    host_api: str
    channels: int
    default_rate_hz: int
    is_default: bool

    def __str__(self) -> str:
        return f"{self.name!r} ({self.host_api})"


def portaudio_inputs(sd: Any) -> list[Input]:
    """Return the inputs, in PortAudio's order."""
    apis = sd.query_hostapis()
    default = sd.default.device[0]
    if default < 0 and apis:
        default = apis[0]["default_input_device"]
    return [
        Input(
            index=i,
            name=str(d["name"]),
            host_api=str(apis[d["hostapi"]]["name"]),
            channels=int(d["max_input_channels"]),
            default_rate_hz=int(d["default_samplerate"]),
            is_default=i == default,
        )
        for i, d in enumerate(sd.query_devices())
        if d["max_input_channels"] > 0
    ]


def find_input(inputs: list[Input], name: str | None) -> Input:
    """Return the input of this name, or the one with this part in its name; None: the default.

    Raises
    ------
    AudioError
        None or several fit; the message lists the inputs.
    """
    if name is None:
        found = [x for x in inputs if x.is_default]
        return _only(found, inputs, "no default input")
    if exact := [x for x in inputs if x.name == name]:
        return _only(exact, inputs, f"input {name!r}")
    part = name.casefold()
    found = [x for x in inputs if part in f"{x.name}, {x.host_api}".casefold()]
    return _only(found, inputs, f"no input {name!r}" if not found else f"input {name!r}")


def _only(found: list[Input], inputs: list[Input], what: str) -> Input:
    if len(found) == 1:
        return found[0]
    if not inputs:
        raise AudioError(
            "no audio input at all; plug in a microphone, and see whether `arecord -l` lists it "
            "and this user is in the group audio"
        )
    if found:
        raise AudioError(f"{what} fits {len(found)} inputs; name one of: {_listed(found)}")
    raise AudioError(f"{what}; set audio.source to mic:NAME with one of: {_listed(inputs)}")


def _listed(inputs: list[Input]) -> str:
    return "; ".join(f"{x.name}, {x.host_api}" for x in inputs)


def open_stream(  # noqa: PLR0913
    sd: Any,
    device: Input,
    rate_hz: int,
    n_channels: int,
    callback: Callable[..., None] | None = None,
    block_frames: int = 0,
) -> Any:
    """Open a stream of int16, without starting it; the callback gets so many frames, or some.

    Raises
    ------
    sounddevice.PortAudioError
    """
    return sd.InputStream(
        device=device.index,
        samplerate=rate_hz,
        channels=n_channels,
        dtype="int16",
        latency=LATENCY_S,
        blocksize=block_frames,
        callback=callback,
    )


def list_inputs(sample_rate_hz: int) -> list[InputDevice]:
    """Open every input briefly at ``sample_rate_hz`` and at the usual rates.

    Raises
    ------
    MissingDependency
        PortAudio is not installed.
    """
    sd = load_portaudio()
    return [_try_input(sd, device, sample_rate_hz) for device in portaudio_inputs(sd)]


def _try_input(sd: Any, device: Input, sample_rate_hz: int) -> InputDevice:
    rates: list[int] = []
    problem: str | None = None
    for rate_hz in sorted({sample_rate_hz, device.default_rate_hz, 16000, 44100, 48000}):
        failure = _try_rate(sd, device, rate_hz)
        if failure is None:
            rates.append(rate_hz)
        else:
            problem = failure
    return InputDevice(
        name=device.name,
        host_api=device.host_api,
        channels=device.channels,
        rates_hz=tuple(rates),
        problem=None if rates else problem,
        is_default=device.is_default,
    )


def _try_rate(sd: Any, device: Input, rate_hz: int) -> str | None:
    """Return None where it opens, else why it does not."""
    failure = None
    for n_channels in channel_counts(device.channels, "mean"):
        try:
            open_stream(sd, device, rate_hz, n_channels).close()
        except sd.PortAudioError as error:
            failure = reason(error)
        else:
            return None
    return failure


def channel_counts(offered: int, channel: int | str) -> list[int]:
    """Return the numbers of channels to open with, the best first.

    For the mean one channel does, where the system mixes. For a channel of its own all of the
    device's are opened, because the system would mix them into fewer; a sound server, which
    offers more than any microphone has, is asked for no more than are needed.
    """
    if isinstance(channel, str):
        wished = [1, 2, offered]
    else:
        wished = [offered] if offered <= 8 else []
        wished += [max(2, channel + 1), channel + 1, offered]
    needed = 1 if isinstance(channel, str) else channel + 1
    return [n for n in dict.fromkeys(wished) if needed <= n <= offered]


def rates_to_try(sample_rate_hz: int, default_rate_hz: int) -> list[int]:
    """Return the rates to open a device with: the model's, the device's, the usual ones."""
    return list(dict.fromkeys((sample_rate_hz, default_rate_hz, *COMMON_RATES_HZ)))
