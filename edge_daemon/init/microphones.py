"""Which inputs there are to choose from, and how a configuration names one for good."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edge_daemon.audio.devices import InputDevice, list_inputs
from edge_daemon.errors import AudioError, MissingDependency

_NUMBER = re.compile(r" \(hw:\d+,\d+\)$")
"""PortAudio's end of an ALSA name: the card has another number after it was plugged in again."""


def inputs_that_open(rate_hz: int) -> tuple[list[InputDevice], str]:
    """Return the inputs that open, the default first; and, without any, why there is none."""
    try:
        inputs = list_inputs(rate_hz)
    except (AudioError, MissingDependency) as error:
        return [], str(error)
    open_ones = sorted((x for x in inputs if x.problem is None), key=lambda x: not x.is_default)
    if open_ones:
        return open_ones, ""
    refused = "; ".join(f"{x.name}: {x.problem}" for x in inputs)
    return [], refused or (
        "there is no audio input: is a microphone plugged in (`arecord -l`), and is this user in "
        "the group audio?"
    )


def source_of(chosen: InputDevice, inputs: Sequence[InputDevice]) -> str:
    """Return ``audio.source`` for an input: by name, without the number of its card if it can be."""
    if chosen.name == "default":
        return "mic"
    name = _NUMBER.sub("", chosen.name)
    fitting = [x for x in inputs if name.casefold() in f"{x.name}, {x.host_api}".casefold()]
    return f"mic:{name if len(fitting) == 1 else chosen.name}"
