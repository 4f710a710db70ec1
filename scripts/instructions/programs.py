"""What is counted: our pipeline, stage by stage, and peers as whole programs."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Protocol

import msgspec

from instructions.emulator import Emulator
from instructions.stages import ALL, Cost, Part, cost_of

LISTEN = Path(__file__).with_name("listen.py")


class Counted(Protocol):
    """Something that listens."""

    name: str

    def cost(self, machine: Emulator, recording: Path, lead_s: float) -> Cost:
        """Count it on a recording, less the first seconds of it."""


class Stages:
    """Our pipeline, stage by stage."""

    name = "our pipeline"

    def __init__(self, model: str) -> None:
        self._model = model

    def cost(self, machine: Emulator, recording: Path, lead_s: float) -> Cost:
        """Count it on a recording, less the first seconds of it."""
        ran = machine.run([str(LISTEN), self._model, str(lead_s), str(recording)])
        parts = msgspec.json.decode(ran.output, type=list[Part])
        return cost_of(parts, ran.counts)


class Whole:
    """A program that is given a recording.

    What it takes for the beginning of the recording alone is taken off: its start falls out.
    """

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        self._command = command

    def cost(self, machine: Emulator, recording: Path, lead_s: float) -> Cost:
        """Count it on a recording, less the first seconds of it."""
        beginning = _beginning(recording, lead_s)
        short, whole = (self._count(machine, each) for each in (beginning, recording))
        audio_s = _length_s(recording) - _length_s(beginning)
        return Cost(audio_s=audio_s, stages={ALL: (whole - short) / audio_s})

    def _count(self, machine: Emulator, path: Path) -> int:
        return machine.run([*self._command, str(path)]).counts[-1]


def _beginning(path: Path, seconds: float) -> Path:
    target = path.with_name(f"beginning-of-{path.name}")
    with wave.open(str(path)) as audio, wave.open(str(target), "wb") as cut:
        cut.setparams(audio.getparams())
        cut.writeframes(audio.readframes(round(seconds * audio.getframerate())))
    return target


def _length_s(path: Path) -> float:
    with wave.open(str(path)) as audio:
        seconds: float = audio.getnframes() / audio.getframerate()
    return seconds
