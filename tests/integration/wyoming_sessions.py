"""The same sessions with any Wyoming wake-word service, and what it answers to them.

To record those of another service that listens, such as wyoming-openwakeword:

    python -m tests.integration.wyoming_sessions URI > tests/integration/wyoming_openwakeword.json
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.wake import Detect

from edge_daemon.audio.resample import Resampler
from edge_daemon.types import Samples

RATE_HZ = 16000
CHUNK = 1024
"""Samples; what wyoming-satellite sends at a time."""
FIRST_MS = 5000
"""Timestamp of the first chunk of every session."""
TRANSCRIPT = Path(__file__).with_name("wyoming_openwakeword.json")
PACE_S = 0.016
"""Four times as fast as it is spoken: as much as wyoming-openwakeword keeps up with."""
ANSWERED_WITHIN_S = 5.0
"""A net for services that neither answer nor hang up."""

Answer: TypeAlias = dict[str, Any]


@dataclass
class Said:
    """What a service said in a session."""

    answers: list[Answer] = field(default_factory=list)
    hung_up: bool = False

    def of_type(self, kind: str) -> list[Answer]:
        """Return the data of all events of this type."""
        return [x["data"] for x in self.answers if x["type"] == kind]


def chunks(samples: Samples, first_ms: int = FIRST_MS) -> list[Event]:
    """Return audio as events, each with its time."""
    return [
        AudioChunk(
            RATE_HZ, 2, 1, samples[i : i + CHUNK].astype("<i2").tobytes(),
            timestamp=first_ms + 1000 * i // RATE_HZ,
        ).event()
        for i in range(0, len(samples), CHUNK)
    ]  # fmt: skip


START = AudioStart(RATE_HZ, 2, 1, timestamp=FIRST_MS).event()
STOP = AudioStop().event()
DESCRIBE = Describe().event()


def sessions(word: str, other: str, spoken: Samples) -> dict[str, list[list[Event]]]:
    """Return the events of every session; where a list ends, the answers to it are waited for.

    word, other : as a user may name them
    spoken : the word
    """
    audio = chunks(spoken)
    word_is_said = [Detect(names=[word]).event(), START, *audio]
    return {
        "info": [[DESCRIBE], [STOP]],
        "word": [word_is_said, [STOP]],
        "without a start": [[Detect(names=[word]).event(), *audio], [STOP]],
        "twice on one connection": [word_is_said, word_is_said, [STOP]],
        "described meanwhile": [[*word_is_said, DESCRIBE], [STOP]],
        "another word": [[Detect(names=[other]).event(), START, *audio, STOP]],
        "silence": [[Detect().event(), START, *chunks(spoken * 0), STOP]],
        "stopped at once": [[STOP]],
        "unknown name": [[Detect(names=["no such word"]).event(), START, *audio, STOP]],
    }


async def all_said(
    uri: str, of_session: Mapping[str, Sequence[Sequence[Event]]], pace_s: float = 0.0
) -> dict[str, Said]:
    """Hold every session, all at once, and return what the service said in each.

    pace_s : pause after each chunk, for services that lose audio that comes faster than they work
    """
    said = await asyncio.gather(*(said_in(uri, x, pace_s) for x in of_session.values()))
    return dict(zip(of_session, said, strict=True))


async def said_in(uri: str, parts: Sequence[Sequence[Event]], pace_s: float = 0.0) -> Said:
    """Hold one session; after each part wait for an answer, after the last for the end."""
    async with Connected(uri) as client:
        for part in parts:
            client.has_news.clear()
            for event in part:
                await client.write(event)
                await asyncio.sleep(pace_s if AudioChunk.is_type(event.type) else 0)
            await client.answer()
        await asyncio.wait([client.reading], timeout=ANSWERED_WITHIN_S)
        return client.said


class Connected:
    """The package's own client, and all that it is told."""

    def __init__(self, uri: str) -> None:
        self.said = Said()
        self.has_news = asyncio.Event()
        self._client = AsyncClient.from_uri(uri)

    async def __aenter__(self) -> Connected:
        await self._client.connect()
        self.reading = asyncio.create_task(self._read())
        return self

    async def write(self, event: Event) -> None:
        """Send an event; nothing happens where the service has hung up."""
        with contextlib.suppress(ConnectionError):
            await self._client.write_event(event)

    async def answer(self, within_s: float = ANSWERED_WITHIN_S) -> bool:
        """Wait for an answer since ``has_news`` was cleared, or the end; False when none comes."""
        try:
            await asyncio.wait_for(self.has_news.wait(), within_s)
        except asyncio.TimeoutError:
            return False
        return True

    async def _read(self) -> None:
        while event := await self._client.read_event():
            self.said.answers.append({"type": event.type, "data": event.data})
            self.has_news.set()
        self.said.hung_up = True
        self.has_news.set()

    async def __aexit__(self, *_: object) -> None:
        self.reading.cancel()
        with contextlib.suppress(ConnectionError):
            await self._client.disconnect()


def spoken_alexa() -> Samples:
    """Return a word that both services know, in the voice of espeak-ng, with pauses around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alexa.wav"
        subprocess.run(["espeak-ng", "-v", "en-us+m3", "-w", path, "alexa"], check=True)
        samples, rate_hz = soundfile.read(path, dtype="int16")
        samples = samples.astype(np.int16)
    resampler = Resampler(rate_hz, RATE_HZ)
    word = np.concatenate([resampler.push(samples), resampler.flush()])
    noise = np.random.default_rng(0).normal(0, 15, len(word) + 4 * RATE_HZ)
    audio: Samples = (np.pad(word, 2 * RATE_HZ) + noise).astype(np.int16)
    return audio


def record(uri: str, versions: str) -> str:
    """Return what the service at this address says, as it is kept for the tests."""
    said = asyncio.run(
        all_said(uri, sessions("alexa_v0.1", "hey_jarvis_v0.1", spoken_alexa()), PACE_S)
    )
    of_session = {n: {"answers": s.answers, "hung_up": s.hung_up} for n, s in said.items()}
    return json.dumps({"recorded_from": versions, "sessions": of_session}, indent=1) + "\n"


if __name__ == "__main__":
    print(record(sys.argv[1], " ".join(sys.argv[2:])), end="")  # noqa: T201
