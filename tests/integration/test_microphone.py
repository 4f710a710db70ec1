"""The microphone source on a microphone that PortAudio really opens."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from edge_daemon.audio.devices import list_inputs
from edge_daemon.audio.microphone import MOST_DELAY_S, MicrophoneSource, newest_captured_s
from edge_daemon.audio.ring import RingBuffer
from edge_daemon.config import AudioConfig
from edge_daemon.errors import AudioError, AudioLost
from edge_daemon.types import Samples
from tests.integration.virtual_microphone import NAME, VirtualMicrophone

NOISE = np.random.default_rng(11).integers(1, 20000, 8000).astype(np.int16)
"""Half a second without a single sample of silence."""

MOST_SAMPLES = 16000 * 10
"""What has not come in this much audio does not come."""


def _source(name: str | None = NAME, **settings: object) -> MicrophoneSource:
    config = msgspec.convert({"lost_after_s": 0.5, **settings}, AudioConfig)
    return MicrophoneSource(config, 16000, name=name)


def _read_until(source: MicrophoneSource, enough: Callable[[Samples], object]) -> Samples:
    heard = np.empty(0, np.int16)
    while not enough(heard):
        block = source.read()
        assert block is not None
        heard = np.concatenate([heard, block.samples])
        assert len(heard) < MOST_SAMPLES, "what was played did not come"
    return heard


def _hear(source: MicrophoneSource, microphone: VirtualMicrophone, sent: Samples) -> Samples:
    """Play, and return what came from the first to the last sound."""
    microphone.play(sent)
    heard = _read_until(source, lambda heard: np.count_nonzero(heard) >= len(sent))
    return np.trim_zeros(heard)


def _read_until_lost(source: MicrophoneSource) -> AudioLost:
    with pytest.raises(AudioLost) as caught:
        _read_until(source, lambda _: False)
    return caught.value


@pytest.mark.parametrize("name", [NAME, "USBM", None])
def test_what_is_played_is_heard_bit_exact(
    virtual_microphone: VirtualMicrophone, name: str | None
) -> None:
    """By its name, by a part of it in another case, and as the default."""
    with _source(name) as source:
        assert "16000 Hz, mono" in source.description
        assert "resampled" not in source.description
        np.testing.assert_array_equal(_hear(source, virtual_microphone, NOISE), NOISE)


def test_another_rate_is_resampled(sound_server: VirtualMicrophone) -> None:
    """A stereo microphone at 48 kHz gives the model's rate, at the level that was played."""
    sound_server.plug(rate_hz=48000, n_channels=2)
    tone = np.rint(8000 * np.sin(2 * np.pi * 440 / 48000 * np.arange(24000))).astype(np.int16)
    try:
        config = AudioConfig(channel=1, lost_after_s=0.5)
        with MicrophoneSource(config, 22050, name=NAME) as source:
            assert "22050 Hz, channel 1 of 2" in source.description
            sound_server.play(np.stack([np.zeros_like(tone), tone], axis=1))
            loud = _read_until(source, lambda x: np.count_nonzero(np.abs(x) > 4000) > 5000)
        assert 7500 < np.abs(loud.astype(int)).max() < 8500
    finally:
        sound_server.unplug()


def test_a_device_that_refuses_the_rate_is_opened_at_its_own(
    virtual_microphone: VirtualMicrophone,
) -> None:
    """PulseAudio refuses 1 MHz; the source opens at the device's rate, resamples and says so."""
    source = MicrophoneSource(AudioConfig(lost_after_s=0.5), 1_000_000, name=NAME)
    with source:
        assert "44100 Hz, mono, resampled to 1000000 Hz" in source.description
        block = source.read()
        while block is not None and not len(block.samples):
            block = source.read()


def test_portaudio_gives_the_time_of_capture(
    virtual_microphone: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callback gets times from which the delay since the capture can be told."""
    told: list[tuple[float, float]] = []

    def spy(now_s: float, times: Any, length_s: float) -> float:
        told.append((times.currentTime, times.inputBufferAdcTime))
        return newest_captured_s(now_s, times, length_s)

    monkeypatch.setattr("edge_daemon.audio.microphone.newest_captured_s", spy)
    with _source() as source:
        _read_until(source, lambda heard: len(heard) >= 1600)
    # Not all: PulseAudio estimates, and its first estimates may be off.
    assert any(adc_s > 0 and 0 < now_s - adc_s < MOST_DELAY_S for now_s, adc_s in told)


def test_an_unknown_name_lists_the_inputs(virtual_microphone: VirtualMicrophone) -> None:
    """The message names the inputs that there are."""
    with pytest.raises(AudioError, match=f"no input 'nope'.*{NAME}"), _source("nope"):
        pass


def test_a_stall_is_a_loss_and_closing_does_not_hang(
    virtual_microphone: VirtualMicrophone,
) -> None:
    """No audio for lost_after_s is AudioLost, though PortAudio says that all is well."""
    source = _source()
    with source:
        _read_until(source, lambda heard: len(heard) >= 1600)
        virtual_microphone.stall()
        assert "no audio for" in str(_read_until_lost(source))
    virtual_microphone.resume()
    with source:
        np.testing.assert_array_equal(_hear(source, virtual_microphone, NOISE), NOISE)


def test_unplugged_and_plugged_in_again_it_works_again(
    virtual_microphone: VirtualMicrophone,
) -> None:
    """The loss is seen, opening fails while it is away, and the same object hears it again."""
    source = _source()
    with source:
        _read_until(source, lambda heard: len(heard) >= 1600)
        virtual_microphone.unplug()
        _read_until_lost(source)
    with pytest.raises(AudioError):
        _open_and_listen(source)
    virtual_microphone.plug()
    with source:
        np.testing.assert_array_equal(_hear(source, virtual_microphone, NOISE), NOISE)


def test_no_sample_comes_twice(virtual_microphone: VirtualMicrophone) -> None:
    """Numbered samples come in order, each at most once, over a stall that counts as a loss."""
    numbers = np.arange(1, 30001, dtype=np.int16)
    source, heard = _source(), [np.empty(0, np.int16)]
    with source:
        virtual_microphone.play(numbers)
        heard.append(_read_until(source, lambda heard: heard[-1:].any()))
        virtual_microphone.stall()
        with contextlib.suppress(AudioLost):
            while block := source.read():
                heard.append(block.samples)
    with source:
        virtual_microphone.resume()
        heard.append(_read_until(source, lambda heard: heard.any() and not heard[-1]))
    came = np.concatenate(heard)
    assert numbers[-1] in came
    assert (np.diff(came[came != 0]) > 0).all()


def test_a_closed_stream_keeps_no_memory(virtual_microphone: VirtualMicrophone) -> None:
    """It holds itself and the buffer: whoever reopens again and again must not pile them up."""
    source = _source()
    with source:
        stream = weakref.ref(source._stream)
    assert stream() is None


def _open_and_listen(source: MicrophoneSource) -> None:
    with source:
        _read_until_lost(source)
        raise AudioError("opened, but silent")


def test_a_late_reader_loses_the_oldest_and_is_told(
    virtual_microphone: VirtualMicrophone,
) -> None:
    """When the buffer is full the oldest goes, and the block after it says how much went."""
    count = np.arange(1, 24001, dtype=np.int16)
    with _source(buffer_s=0.5) as source:
        virtual_microphone.play(count)
        before = _read_until(source, lambda heard: heard[-1:].any())[-1]
        _let_it_overflow(source._ring)
        block = source.read()
        assert block is not None
        assert block.dropped > 0
        assert block.samples[0] == before + block.dropped + 1


def _let_it_overflow(ring: RingBuffer) -> None:
    with ring._changed:
        ring._wanted = ring.capacity
        assert ring._changed.wait_for(lambda: ring._dropped, timeout=20)


def test_the_list_of_devices_shows_what_opens(virtual_microphone: VirtualMicrophone) -> None:
    """Each input is listed with the rates at which it was opened, and one is the default."""
    devices = {d.name: d for d in list_inputs(16000)}
    assert {16000, 48000} <= set(devices[NAME].rates_hz)
    assert devices[NAME].problem is None
    assert devices[NAME].host_api == "ALSA"
    assert [d.name for d in devices.values() if d.is_default] == ["default"]


def test_the_list_says_why_a_device_does_not_open(sound_server: VirtualMicrophone) -> None:
    """Without a microphone in the server, the input is listed with its problem."""
    device = next(d for d in list_inputs(16000) if d.name == NAME)
    assert device.rates_hz == ()
    assert device.problem
