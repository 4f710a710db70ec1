"""The real wake-word service, asked by the client of the package `wyoming`."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wyoming.audio import AudioChunk
from wyoming.event import Event
from wyoming.wake import Detect

from edge_daemon.types import Samples
from tests.integration.command_line import (
    DEFAULTS,
    RATE_HZ,
    RunningDaemon,
    assert_one_complaint,
    demo_samples,
    edge_daemon,
    silence,
)
from tests.integration.service import Service
from tests.integration.wyoming_peer import running_peer
from tests.integration.wyoming_sessions import (
    FIRST_MS,
    PACE_S,
    START,
    STOP,
    TRANSCRIPT,
    Connected,
    Said,
    all_said,
    chunks,
    said_in,
    sessions,
    spoken_alexa,
)

SERVE = (sys.executable, "-m", "edge_daemon", "serve", "--wyoming")
MOST_CLIENTS = 12
MUCH = 1 << 26
"""Bytes, far beyond what two sockets hold."""
WORD_S = (4.534, 5.3)
"""Where "jarvis" is said in the demo clip."""


def spoken_jarvis() -> Samples:
    """Return the word out of the demo clip, with pauses around it."""
    first, last = (round(s * RATE_HZ) for s in WORD_S)
    return np.concatenate([silence(1), demo_samples()[first:last], silence(1)])


@contextmanager
def serving(*arguments: str) -> Iterator[tuple[RunningDaemon, str]]:
    """Run the service at a port of its own; give it and where it listens."""
    with RunningDaemon(
        "tcp://127.0.0.1:0", "--config", DEFAULTS, *arguments, program=SERVE
    ) as daemon:
        yield daemon, daemon.wait_for("listening at").partition("at ")[2].split()[0]


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    """Return where a service of two words listens, which all tests share.

    So what one client does would harm those of the tests after it.
    """
    limit = ("--max-clients", str(MOST_CLIENTS))
    with serving("--words", "jarvis", "computer", *limit) as (daemon, uri):
        yield uri
        assert daemon.stop(signal.SIGTERM) == 0
        assert "Traceback" not in "\n".join(daemon.lines)


def kinds(said: Said) -> list[str]:
    """Return the types of the answers, each that is repeated once."""
    types = [x["type"] for x in said.answers]
    return [t for t, before in zip(types, [None, *types], strict=False) if t != before]


def lacks(theirs: Any, ours: Any, where: str = "") -> list[str]:
    """Return what is there and has no counterpart of the same type here."""
    if isinstance(theirs, dict):
        return [x for key in theirs for x in _lacks_key(theirs[key], ours, key, where)]
    if isinstance(theirs, list):
        return [x for item in theirs[:1] for x in lacks(item, (ours or [None])[0], f"{where}[]")]
    return [] if type(theirs) is type(ours) else [f"{where}: {ours!r}, there it is {theirs!r}"]


def _lacks_key(theirs: Any, ours: Any, key: str, where: str) -> list[str]:
    there = isinstance(ours, dict) and key in ours
    return lacks(theirs, ours[key], f"{where}.{key}") if there else [f"{where}.{key}: not there"]


def recorded() -> dict[str, Said]:
    """Return what wyoming-openwakeword said when it was recorded."""
    said = json.loads(TRANSCRIPT.read_text())["sessions"]
    return {name: Said(x["answers"], x["hung_up"]) for name, x in said.items()}


def hold_to(theirs: dict[str, Said], ours: dict[str, Said]) -> None:
    """Hold our answers to those of the other service in the same sessions."""
    assert ours.keys() == theirs.keys()
    assert kinds(ours["unknown name"]) == ["error"]
    assert theirs["unknown name"] == Said()
    assert all(said.hung_up for said in ours.values())
    for name in ours.keys() - {"unknown name"}:
        assert kinds(ours[name]) == kinds(theirs[name]), name
        for kind in kinds(theirs[name]):
            found = lacks(theirs[name].of_type(kind)[0], ours[name].of_type(kind)[0])
            assert not found, f"{name}: {kind}: {found}"


def test_answers_are_those_of_wyoming_openwakeword(uri: str) -> None:
    """In every session the answers have the types, the order and the fields of the other service.

    What differs is said in docs/wyoming.md: a name that is not offered is answered, and after the
    audio has stopped we hang up.
    """
    ours = asyncio.run(all_said(uri, sessions("Jarvis", "computer", spoken_jarvis())))
    hold_to(recorded(), ours)


def test_detection_has_the_time_of_its_chunk(uri: str) -> None:
    """A detection has the timestamp of the chunk in which it was decided, by the end of the word.

    Without timestamps it is the time since the audio began.
    """
    spoken = spoken_jarvis()
    timed = chunks(spoken)
    untimed = [Event(e.type, {**e.data, "timestamp": None}, e.payload) for e in timed]
    said = asyncio.run(
        all_said(uri, {"timed": [[START, *timed, STOP]], "untimed": [[*untimed, STOP]]})
    )
    (at_ms,) = (d["timestamp"] for d in said["timed"].of_type("detection"))
    (after_ms,) = (d["timestamp"] for d in said["untimed"].of_type("detection"))
    assert at_ms in {e.data["timestamp"] for e in timed}
    assert 1000 < after_ms < 1000 + 1000 * (WORD_S[1] - WORD_S[0]) + 500
    assert 0 <= FIRST_MS + after_ms - at_ms <= 64 + 100  # a chunk, and a hop


def test_info_offers_the_words(uri: str) -> None:
    """Home Assistant is told each word by the name that a detection will have, and its phrase."""
    said = asyncio.run(said_in(uri, sessions("jarvis", "computer", silence(0.1))["info"]))
    (program,) = said.of_type("info")[0]["wake"]
    assert program["name"] == "edge-daemon"
    assert [m["name"] for m in program["models"]] == ["jarvis", "computer"]
    for model in program["models"]:
        assert model["installed"]
        assert (model["phrase"], model["description"]) == (model["name"], model["name"])
        assert model["languages"] == ["en"]
        assert "Google Speech Commands" in model["attribution"]["name"]


def test_clients_do_not_hear_each_other(uri: str) -> None:
    """Clients that speak at the same time, each a part of the same word, are told as if alone."""
    audio, quiet = chunks(spoken_jarvis()), chunks(silence(2.766))
    middle = round((1 + (WORD_S[1] - WORD_S[0]) / 2) * RATE_HZ / 1024)
    halves = [*audio[:middle], *quiet[middle:]], [*quiet[:middle], *audio[middle:]]
    said = asyncio.run(
        all_said(
            uri,
            {
                "whole": [[START, *audio, STOP]],
                "first half": [[START, *halves[0], STOP]],
                "second half": [[START, *halves[1], STOP]],
                "none": [[START, *quiet, STOP]],
                "whole again": [[START, *audio, STOP]],
                "not asked for": [[Detect(names=["computer"]).event(), START, *audio, STOP]],
            },
        )
    )
    told = {name: kinds(x)[0] for name, x in said.items()}
    assert told == {**dict.fromkeys(said, "not-detected"), "whole": "detection",
                    "whole again": "detection"}  # fmt: skip
    assert said["whole"] == said["whole again"]


HOSTILE = {
    "no event": b"GET / HTTP/1.1\r\n\r\n",
    "a gigabyte": b'{"type": "audio-chunk", "payload_length": 1000000000}\n',
    "deep": b'{"type": "x", "data": ' + b"[" * 50000 + b"\n",
    "endless line": b"x" * 200_000,
    "odd format": b'{"type": "audio-chunk", "data": {"rate": 0, "width": 9, "channels": 1}}\n',
    "half a frame": b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1},'
    b' "payload_length": 3}\nabc',
    "huge time": b'{"type": "audio-start", "data": {"timestamp": ' + b"9" * 4000 + b"}}\n",
    "names": b'{"type": "detect", "data": {"names": {"a": 1}}}\n',
    "hangs up amid an event": b'{"type": "audio-chunk", "payload_length": 1000}\nabc',
}


def test_hostile_clients_harm_nobody(uri: str) -> None:
    """Nonsense ends the connection it came by; who listens meanwhile is served as before."""
    host, port = uri.removeprefix("tcp://").rsplit(":", 1)
    audio = chunks(spoken_jarvis())

    async def listen_among_them() -> Said:
        async with Connected(uri) as client:
            await client.write(START)
            connections = []
            for data in HOSTILE.values():
                reader, writer = await asyncio.open_connection(host, int(port))
                writer.write(data)
                connections.append((reader, writer))
            for event in [*audio, STOP]:
                await client.write(event)
            await client.reading
            for _, writer in connections:
                writer.close()
            return client.said

    assert kinds(asyncio.run(listen_among_them())) == ["detection"]


def test_client_that_does_not_read_is_the_only_one_to_wait(uri: str) -> None:
    """A client that asks and asks and never reads an answer keeps no other from being told."""
    host, port = uri.removeprefix("tcp://").rsplit(":", 1)
    with socket.create_connection((host, int(port))) as rude:
        n_sent = 0
        while n_sent < MUCH and select.select([], [rude], [], 0.5)[1]:
            n_sent += rude.send(b'{"type": "describe"}\n' * 1000)
        assert n_sent < MUCH, "it is still read from, so its answers pile up"
        said = asyncio.run(said_in(uri, [[START, *chunks(spoken_jarvis()), STOP]]))
    assert kinds(said) == ["detection"]


def test_one_client_too_many_is_told_so(uri: str) -> None:
    """Beyond --max-clients a client is refused in words, and served once another has left."""

    async def fill_up() -> tuple[Said, Said]:
        clients = [Connected(uri) for _ in range(MOST_CLIENTS)]
        describe = Event("describe")
        for client in clients:
            await client.__aenter__()
            await client.write(describe)
            assert await client.answer()
        refused = await said_in(uri, [[describe]])
        for client in clients:
            await client.write(STOP)
            await client.reading
            await client.__aexit__()
        return refused, await said_in(uri, [[describe], [STOP]])

    refused, served = asyncio.run(fill_up())
    assert refused.hung_up
    assert [x["data"]["code"] for x in refused.answers] == ["busy"]
    assert kinds(served) == ["info", "not-detected"]


def test_service_manager_is_told_and_the_end_is_clean(tmp_path: Path) -> None:
    """At a Unix socket: READY, the watchdog fed, an end within reach while a client is there."""
    path = tmp_path / "folder" / "wyoming.sock"
    program = (*SERVE, f"unix://{path}")
    with Service(DEFAULTS, tmp_path, program=program, env={"WATCHDOG_USEC": "600000"}) as service:
        service.wait_for("READY=1", where="systemd")
        service.wait_for("WATCHDOG=1", where="systemd")
        assert path.stat().st_mode & 0o777 == 0o660
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b'{"type": "describe"}\n')
            assert b'"type": "info"' in client.recv(64)
            assert service.stop(signal.SIGTERM) == 0
            rest = client.makefile("rb").read()
            assert b'"name": "computer"' in rest
            assert b'"name": "jarvis"' in rest
            assert b'"name": "stop"' not in rest
        service.wait_for("STOPPING=1", where="systemd")
    assert not path.exists()


def test_open_address_is_warned_of() -> None:
    """An address that is not known to be this machine's own is served, with a warning."""
    # inet_aton's short form of the loopback address, which is no loopback to look at
    with RunningDaemon("tcp://127.1:0", "--config", DEFAULTS, program=SERVE) as daemon:
        assert "the protocol knows no password" in daemon.wait_for("WARNING")
        daemon.wait_for("listening at")
        assert daemon.stop(signal.SIGINT) == 0


def test_place_that_is_taken(uri: str) -> None:
    """An address where another listens is refused with exit code 1."""
    done = edge_daemon("serve", "--wyoming", uri, "--config", DEFAULTS)
    assert_one_complaint(done, 1, uri, "cannot listen there")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--wyoming", "http://x:1"], 2, "for example tcp://127.0.0.1:10400"),
        (["--wyoming", "--max-clients", "0"], 2, "1 to 1000, found 0"),
        (["--wyoming", "--words", "jarwis"], 78, "did you mean 'jarvis'"),
    ],
)
def test_mistakes_of_the_command_line(arguments: list[str], code: int, said: str) -> None:
    """A mistake is said in one message, with the exit code of its kind."""
    done = edge_daemon("serve", "--config", DEFAULTS, *arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr


@pytest.mark.heavy
def test_side_by_side_with_wyoming_openwakeword(request: pytest.FixtureRequest) -> None:
    """The other service itself answers as it was recorded, and ours as it does to the same audio.

    Both give the word within a second of its end, as the timestamp of a chunk that they were sent.
    """
    spoken = spoken_alexa()
    end_ms = FIRST_MS + 1000 * len(spoken) // RATE_HZ - 2000
    with running_peer(request.config.cache) as their_uri:
        held = sessions("alexa_v0.1", "hey_jarvis_v0.1", spoken)
        theirs = asyncio.run(all_said(their_uri, held, PACE_S))
    assert {n: kinds(x) for n, x in theirs.items()} == {n: kinds(x) for n, x in recorded().items()}
    with serving("--words", "alexa", "jarvis") as (daemon, our_uri):
        ours = asyncio.run(all_said(our_uri, sessions("alexa", "jarvis", spoken)))
        assert daemon.stop(signal.SIGTERM) == 0
    hold_to(theirs, ours)
    times = {e.data["timestamp"] for e in chunks(spoken)}
    told = {d["timestamp"] for x in (ours, theirs) for d in x["word"].of_type("detection")}
    assert told <= times
    (our_ms,) = (d["timestamp"] for d in ours["word"].of_type("detection"))
    assert end_ms - 300 < our_ms < end_ms + 1000


@pytest.mark.heavy
def test_clients_share_the_model() -> None:
    """Sixteen clients that speak at once cost less memory than the service alone; none is lost."""
    spoken = spoken_jarvis()
    with serving("--words", "jarvis", "--max-clients", "16") as (daemon, uri):
        asyncio.run(said_in(uri, [[START, *chunks(spoken), STOP]]))
        before = resident_bytes(daemon.process.pid)
        said = asyncio.run(
            all_said(uri, {str(i): [[START, *chunks(spoken), STOP]] for i in range(16)})
        )
        added = resident_bytes(daemon.process.pid) - before
        assert daemon.stop(signal.SIGTERM) == 0
    assert [kinds(x) for x in said.values()] == [["detection"]] * 16
    assert added < 16 << 20, f"{added / 2**20:.1f} MiB for 15 more clients"


@pytest.mark.heavy
def test_largest_events_keep_nobody_waiting() -> None:
    """Clients that send megabytes as fast as they are taken cost no memory and nobody's word."""
    flood = AudioChunk(RATE_HZ, 2, 1, bytes(1 << 20)).event()

    async def among_floods(uri: str) -> Said:
        async with Connected(uri) as first, Connected(uri) as second:
            floods = [asyncio.create_task(send_for_ever(x)) for x in (first, second)]
            said = await said_in(uri, [[START, *chunks(spoken_jarvis()), STOP]])
            for task in floods:
                task.cancel()
            return said

    async def send_for_ever(client: Connected) -> None:
        while True:
            await client.write(flood)

    with serving("--words", "jarvis") as (daemon, uri):
        before = resident_bytes(daemon.process.pid)
        assert kinds(asyncio.run(among_floods(uri))) == ["detection"]
        added = resident_bytes(daemon.process.pid) - before
        assert daemon.stop(signal.SIGTERM) == 0
    assert added < 64 << 20, f"{added / 2**20:.1f} MiB for two floods"


def resident_bytes(pid: int) -> int:
    """Return the memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
