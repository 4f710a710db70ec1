"""The server in this process, with parts that fail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from wyoming.client import AsyncClient
from wyoming.event import Event

from edge_daemon.config import Config, ModelConfig
from edge_daemon.wyoming import client as client_module
from edge_daemon.wyoming.server import Server
from edge_daemon.wyoming.service import Service
from tests.tone_words import write_tone_model

DESCRIBE = Event("describe", {"data": "without any, Python 3.12 and 3.13 write on and never wait"})
AUDIO = Event("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, bytes(3200))
STOP = Event("audio-stop")


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Return a service of a model of tones."""
    path = write_tone_model(tmp_path / "tones.onnx")
    return Service(Config(model=ModelConfig(path=str(path))))


def served(service: Service, path: Path, work: Callable[[str], Awaitable[None]]) -> None:
    """Do some work while the server listens at this path, and end it as systemd does."""

    async def run() -> None:
        server = asyncio.create_task(Server(service, 4).run(path))
        while not path.exists():
            await asyncio.sleep(0)
        try:
            await work(f"unix://{path}")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await server

    asyncio.run(run())


async def answers(uri: str, *events: Event) -> list[str]:
    """Return the types of all answers to these events, up to the end of the connection."""
    async with AsyncClient.from_uri(uri) as client:
        for event in events:
            with contextlib.suppress(ConnectionError):
                await client.write_event(event)
        found = []
        while event := await client.read_event():
            found.append(event.type)
        return found


def test_mistake_of_ours_ends_one_client(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where working on the audio fails, that client is hung up on and the next is served."""
    healthy = service.lend

    async def broken() -> None:
        monkeypatch.setattr(service, "lend", healthy)
        raise RuntimeError("on purpose")

    monkeypatch.setattr(service, "lend", broken)

    async def work(uri: str) -> None:
        assert await answers(uri, AUDIO, STOP) == []
        assert await answers(uri, DESCRIBE, AUDIO, STOP) == ["info", "not-detected"]

    served(service, tmp_path / "socket", work)
    assert [r.levelname for r in caplog.records if r.exc_info] == ["ERROR"]


def test_client_that_does_not_read_is_hung_up_on(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A client that does not take its answers in time loses the connection."""
    monkeypatch.setattr(client_module, "TAKEN_WITHIN_S", 0.05)
    caplog.set_level(logging.DEBUG)

    async def work(uri: str) -> None:
        with contextlib.suppress(ConnectionError):
            async with AsyncClient.from_uri(uri) as client:
                for _ in range(
                    100_000
                ):  # it waits when the server reads no more, until it hangs up
                    await client.write_event(DESCRIBE)
                    await asyncio.sleep(0)  # to write does not always wait: see MOST_UNSENT_BYTES

    served(service, tmp_path / "socket", work)
    assert "is gone: TimeoutError" in caplog.text


def test_streams_are_used_again(service: Service, tmp_path: Path) -> None:
    """A client gets what one before has left, so that many clients one by one cost as one does."""

    async def work(uri: str) -> None:
        streams = set()
        for _ in range(5):
            stream = await service.lend()
            streams.add(stream)
            service.take_back(stream)
            assert await answers(uri, AUDIO, STOP) == ["not-detected"]
        assert len(streams) == 1

    served(service, tmp_path / "socket", work)
