"""Choosing an input by its name, and what to try to open it with."""

from __future__ import annotations

import pytest

from edge_daemon.audio.devices import Input, channel_counts, find_input, rates_to_try
from edge_daemon.errors import AudioError


def _input(index: int, name: str, host_api: str = "ALSA", *, is_default: bool = False) -> Input:
    return Input(index, name, host_api, 1, 44100, is_default)


USB = _input(0, "USB PnP Sound Device: Audio (hw:1,0)")
SEEED = _input(1, "seeed-4mic-voicecard: - (hw:2,0)")
DEFAULT = _input(2, "default", is_default=True)
INPUTS = [USB, SEEED, DEFAULT]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("USB PnP", USB),
        ("usb pnp sound", USB),
        ("SEEED", SEEED),
        ("hw:2,0", SEEED),
        ("default", DEFAULT),
        ("default, ALSA", DEFAULT),
        (None, DEFAULT),
    ],
)
def test_a_part_of_the_name_is_enough(name: str | None, expected: Input) -> None:
    """A part in any case finds the device, whichever card number it got; None the default."""
    assert find_input(INPUTS, name) is expected


def test_an_exact_name_wins_over_a_part() -> None:
    """`mic` finds the input mic, though the name mic 2 holds it too."""
    inputs = [_input(0, "mic 2"), _input(1, "mic"), _input(2, "Mic")]
    assert find_input(inputs, "mic").index == 1


def test_the_host_api_tells_equal_names_apart() -> None:
    """One microphone seen through two host APIs is told apart by `NAME, API`."""
    inputs = [_input(0, "mic", "ALSA"), _input(1, "mic", "JACK Audio Connection Kit")]
    with pytest.raises(AudioError, match="mic, ALSA; mic, JACK"):
        find_input(inputs, "mic")
    assert find_input(inputs, "mic, jack").index == 1


def test_several_fits_are_listed() -> None:
    """A part that fits two inputs is refused, with both."""
    with pytest.raises(AudioError, match="fits 2 inputs") as caught:
        find_input(INPUTS, "hw:")
    assert USB.name in str(caught.value)
    assert SEEED.name in str(caught.value)
    assert "default" not in str(caught.value)


def test_no_fit_lists_what_there_is() -> None:
    """A name that fits nothing is answered with every input, and the setting."""
    with pytest.raises(AudioError, match=r"no input 'nope'.*audio\.source") as caught:
        find_input(INPUTS, "nope")
    assert all(x.name in str(caught.value) for x in INPUTS)


def test_no_input_at_all_says_so() -> None:
    """Without any input the message says where to look."""
    for name in (None, "usb"):
        with pytest.raises(AudioError, match=r"no audio input at all.*arecord -l"):
            find_input([], name)


def test_no_default_lists_the_inputs() -> None:
    """Where no input is the default, one must be named."""
    with pytest.raises(AudioError, match=r"no default input.*USB PnP"):
        find_input([USB], None)


@pytest.mark.parametrize(
    ("offered", "channel", "expected"),
    [
        (1, "mean", [1]),
        (2, "mean", [1, 2]),
        (6, "mean", [1, 2, 6]),
        (32, "mean", [1, 2, 32]),
        (1, 0, [1]),
        (2, 1, [2]),
        (6, 0, [6, 2, 1]),
        (32, 0, [2, 1, 32]),
        (32, 4, [5, 32]),
    ],
)
def test_channels_to_open(offered: int, channel: int | str, expected: list[int]) -> None:
    """Mono for the mean; for one channel all that a card has, so that nothing is mixed into it."""
    assert channel_counts(offered, channel) == expected


def test_rates_begin_with_the_models_and_the_devices() -> None:
    """The model's rate first, the device's next, then the usual ones, each once."""
    rates = rates_to_try(16000, 44100)
    assert rates[:3] == [16000, 44100, 48000]
    assert len(rates) == len(set(rates))
