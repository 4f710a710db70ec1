"""A real daemon on a microphone that PortAudio really opens, while that microphone fails.

Each fault is done to the real thing: the sound server's module is unloaded, its process is killed,
the FIFO gets no more samples. Then the first word after the return has to be heard, once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_daemon.cli.arguments import EXIT_START_AGAIN
from edge_daemon.types import Samples
from tests.integration.command_line import RATE_HZ, demo_samples
from tests.integration.one_rate_card import on_card, put_in
from tests.integration.service import PROGRAM, Service
from tests.integration.sound_server import missing_parts
from tests.integration.starved import Starved
from tests.integration.virtual_microphone import NAME, VirtualMicrophone, recorded

WORD = demo_samples(1)[RATE_HZ:]
"""The first word of the demo, from half a second before it to its end."""
LOST_AFTER_S = 0.6
GIVE_UP_AFTER_S = 2.0
MUTED_AFTER_S = 1.0
BUFFER_S = 1.0

MOST_CPU = 0.25
"""Of a core, while it waits for audio: to open a device costs some; a busy loop takes all."""
MOST_CPU_STALLED = 0.75
"""The same where a device opens and stays silent: ALSA's plugin for PulseAudio spins then."""
MOST_LATE_S = 1.5
"""Latency beyond the buffer: the sound server's own, and that of a block worked on slowly."""
STARVED_TO = 1 / 3
"""Of the CPU time that the daemon needs."""
N_DROPS = 5
"""Summaries in which more was dropped than before, until it is clear that it is too slow."""

HANGING = """
import threading, sounddevice
from edge_daemon.__main__ import main
for_ever, hangs, terminate = threading.Event(), threading.Event(), sounddevice._terminate
def abort(*_, **__):
    hangs.set()
    for_ever.wait()
sounddevice._StreamBase.abort = abort
sounddevice._terminate = lambda: for_ever.wait() if hangs.is_set() else terminate()
main()
"""
"""The daemon on a PortAudio that hangs when a stream is ended, and from then on.

It does so now and then where a device vanishes under a stream: its thread loops for ever.
"""


@dataclass
class Room:
    """A service, the microphone that it listens to, and how often a word was said into it."""

    microphone: VirtualMicrophone
    service: Service
    n_said: int = 0

    def say(self, sound: Samples = WORD) -> None:
        """Say the word: it is heard, and no other."""
        mark = self.service.mark()
        self.microphone.play(sound)
        self.n_said += 1
        self.service.wait_for("heard '", mark, where="log")
        assert self.service.heard(mark) == ["computer"]

    def cpu_until(self, text: str, since: int) -> float:
        """Return the share of a core that it takes from now until it says this."""
        began_s, cpu_s = time.monotonic(), self.service.cpu_s()
        self.service.wait_for(text, since)
        return (self.service.cpu_s() - cpu_s) / (time.monotonic() - began_s)

    def survives(self, fault: Callable[[], object], mend: Callable[[], object]) -> float:
        """Break it, wait until it is noticed, mend it; return the share of a core meanwhile."""
        mark = self.service.mark()
        fault()
        self.service.status("no audio: ", mark)
        share = self.cpu_until("next try in 1 s", mark)
        mark = self.service.mark()
        mend()
        self.service.status("listening", mark)
        self.say()
        return share

    def ends(self) -> dict[str, Any]:
        """End it and return its last summary: each sample is accounted for, each word once."""
        assert self.service.stop() == 0
        last = self.service.last_summary()
        assert last["captured_samples"] == last["processed_samples"] + last["dropped_samples"]
        assert last["detections"].get("computer", 0) == self.n_said
        return last


def settings(more: str = "", **audio: object) -> str:
    """Return a configuration in which words fire alone and a loss is noticed soon."""
    keys = {"source": f"'mic:{NAME}'", "lost_after_s": LOST_AFTER_S, "buffer_s": BUFFER_S, **audio}
    return (
        f"audio: {{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}\n"
        f"decision: {{wake_words: []}}\ntelemetry: {{format: json, interval_s: 0.2}}\n{more}"
    )


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualMicrophone]:
    """A sound server without a microphone; one that is plugged in hisses, as all do."""
    if (missing := missing_parts()) is not None:
        pytest.skip(f"no virtual microphone: {missing}")
    with VirtualMicrophone(tmp_path_factory.mktemp("pulse"), hiss=True) as server:
        yield server


@pytest.fixture
def unplugged(microphone: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """The microphone, not plugged in; a server that runs, whatever the test before did to it."""
    if not microphone.server.is_running:
        microphone.server.start()
    microphone.unplug()
    yield microphone
    microphone.unplug()


@pytest.fixture(scope="module")
def room(microphone: VirtualMicrophone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """One daemon that lives through all the faults of the tests that take it."""
    folder = tmp_path_factory.mktemp("room")
    config = folder / "config.yaml"
    config.write_text(settings(muted_after_s=MUTED_AFTER_S))
    microphone.plug()
    with Service(config, folder) as service:
        service.status("listening")
        yield Room(microphone, service)
    microphone.unplug()


def replug(microphone: VirtualMicrophone) -> None:
    """Plug it in as another card: other numbers in the server and in PortAudio's list."""
    microphone.plug(source="other", card=3)


def start_server(microphone: VirtualMicrophone) -> None:
    """Start the sound server again, with a microphone in it."""
    microphone.server.start()
    microphone.plug()


def test_unplugged_and_back_as_another_card(room: Room) -> None:
    """It notices, waits without a busy loop, and finds the microphone under another number."""
    assert room.survives(room.microphone.unplug, lambda: replug(room.microphone)) < MOST_CPU


def test_stalled_without_an_error(room: Room) -> None:
    """A card that delivers nothing, and says nothing, is lost, and heard again when it goes on."""
    assert room.survives(room.microphone.stall, room.microphone.resume) < MOST_CPU_STALLED


def test_sound_server_killed(room: Room) -> None:
    """The server is killed by its process id, and another one started."""
    fault, mend = room.microphone.kill_server, lambda: start_server(room.microphone)
    assert room.survives(fault, mend) < MOST_CPU


def test_stream_ended_by_the_server(room: Room) -> None:
    """PortAudio's stream is ended under it while the microphone stays: it opens another."""
    mark = room.service.mark()
    assert room.microphone.server.end_recordings() == 1
    room.service.status("no audio: ", mark)
    room.service.status("listening", mark)
    room.say()


def test_muted(room: Room) -> None:
    """Digital zeros are reported once, not as a loss, until the first other sample."""
    mark = room.service.mark()
    room.microphone.mute()
    room.service.status("muted? ", mark)
    for _ in range(5):
        room.service.summary()
    room.microphone.unmute()
    room.service.status("listening", mark)
    room.say()
    said = [x.text for x in room.service.lines(mark)]
    assert len([text for text in said if "nothing but zeros for 1 s" in text]) == 1, said
    assert not [text for text in said if "no audio" in text]


def test_through_all_of_it_no_sample_is_lost_or_counted_twice(room: Room) -> None:
    """At the end captured is processed and dropped, and no more than the microphones delivered."""
    delivered = round(room.microphone.delivered_s * RATE_HZ)
    assert room.ends()["captured_samples"] <= delivered


@pytest.fixture
def rooms(tmp_path: Path, unplugged: VirtualMicrophone) -> Iterator[Callable[..., Room]]:
    """Return a function that starts a daemon with these settings, on no microphone yet."""
    started: list[Service] = []

    def start(config: str, program: tuple[str, ...] = PROGRAM) -> Room:
        (tmp_path / "config.yaml").write_text(config)
        started.append(Service(tmp_path / "config.yaml", tmp_path, program=program))
        return Room(unplugged, started[-1])

    yield start
    for service in started:
        service.__exit__(None, None, None)


@pytest.mark.heavy
@pytest.mark.parametrize("has_server", [True, False])
def test_not_there_at_boot(rooms: Callable[..., Room], has_server: bool) -> None:
    """It waits for ever, with STATUS and more time asked for, and listens when there is one."""
    room = rooms(settings(give_up_after_s=GIVE_UP_AFTER_S))
    service = room.service
    if not has_server:
        room.microphone.kill_server()
    service.status("no audio: ")
    service.wait_for("EXTEND_TIMEOUT_USEC=60000000", where="systemd")
    assert room.cpu_until("next try in 4 s", service.mark()) < MOST_CPU
    assert service.find("READY=1", timeout_s=0, where="systemd") is None
    start_server(room.microphone) if not has_server else room.microphone.plug()
    service.wait_for("READY=1", where="systemd")
    room.say()
    room.ends()


@pytest.mark.heavy
def test_lost_for_good_and_started_again(rooms: Callable[..., Room]) -> None:
    """After give_up_after_s it ends with 75, and the process after it hears the first word."""
    config = settings(give_up_after_s=GIVE_UP_AFTER_S)
    room = rooms(config)
    room.microphone.plug()
    room.service.status("listening")
    room.say()
    mark = room.service.mark()
    room.microphone.unplug()
    lost_s = room.service.status("no audio: ", mark).at_s
    assert room.service.ended() == EXIT_START_AGAIN
    assert room.service.said[-1].at_s - lost_s > GIVE_UP_AFTER_S / 2
    last = room.service.last_summary()
    assert last["captured_samples"] == last["processed_samples"] + last["dropped_samples"]
    again = rooms(config)
    again.service.status("no audio: ")
    replug(again.microphone)
    again.service.wait_for("READY=1", where="systemd")
    again.say()
    again.ends()


@pytest.mark.heavy
def test_portaudio_hangs(rooms: Callable[..., Room]) -> None:
    """Where PortAudio never ends a stream, the daemon does not wait for it: it ends with 75."""
    room = rooms(settings(), (sys.executable, "-c", HANGING, "run"))
    room.microphone.plug()
    room.service.status("listening")
    room.microphone.unplug()
    assert room.service.ended() == EXIT_START_AGAIN
    room.service.wait_for("PortAudio hangs", where="log")


@pytest.mark.heavy
def test_stalled_and_replaced(rooms: Callable[..., Room]) -> None:
    """A microphone that hangs is pulled out, and another one put in."""
    room = rooms(settings())
    room.microphone.plug()
    room.service.status("listening")

    def replace() -> None:
        room.microphone.unplug()
        replug(room.microphone)

    room.survives(room.microphone.stall, replace)
    room.ends()


@pytest.mark.heavy
def test_a_muted_microphone_that_is_replaced_by_another(rooms: Callable[..., Room]) -> None:
    """What was said of a muted one does not stay with the next."""
    room = rooms(settings(muted_after_s=MUTED_AFTER_S))
    room.microphone.plug()
    room.service.status("listening")
    room.microphone.mute()
    room.service.status("muted? ")
    room.survives(room.microphone.unplug, room.microphone.plug)
    room.ends()


@pytest.mark.heavy
def test_another_rate_and_other_channels_each_time(
    rooms: Callable[..., Room], tmp_path: Path
) -> None:
    """A card of 16 kHz is replaced by one of 48 kHz stereo, and that by one of 44.1 kHz."""
    card = tmp_path / "card"
    put_in(card, 16000, 1)
    room = rooms(settings(), on_card(card))
    room.microphone.plug()
    room.service.wait_for(": 16000 Hz, mono")
    room.service.status("listening")
    room.say()
    for rate_hz, n_channels in ((48000, 2), (44100, 1), (48000, 2)):
        mark = room.service.mark()
        room.microphone.unplug()
        room.service.status("no audio: ", mark)
        put_in(card, rate_hz, n_channels)
        room.microphone.plug(rate_hz, n_channels)
        room.service.wait_for(f"listening to microphone {NAME!r} (ALSA): {rate_hz} Hz, ", mark)
        room.service.status("listening", mark)
        room.say(recorded(WORD, rate_hz, n_channels))
    room.ends()


@pytest.mark.heavy
def test_overload(rooms: Callable[..., Room]) -> None:
    """With a third of the CPU it needs, the oldest audio goes and is counted; latency is bounded.

    It neither grows nor stays: with its CPU back it hears the first word at once.
    """
    room = rooms(settings("model: {hop_ms: 10}\nactivity: {gate: false}\n"))
    service = room.service
    room.microphone.plug()
    service.status("listening")
    room.say()
    share = steady_share(service)
    latencies_ms: list[float] = []
    with Starved(service.pid, share * STARVED_TO):
        dropped = [0]
        while len(set(dropped)) <= N_DROPS:
            last = service.summary()
            dropped.append(last["dropped_samples"])
            latencies_ms.append(last["interval"]["latency"]["max_ms"] or 0)
    assert max(latencies_ms) < 1000 * (BUFFER_S + MOST_LATE_S), latencies_ms
    room.say()
    service.summary()
    assert service.summary()["interval"]["latency"]["p50_ms"] < 1000 * BUFFER_S / 2
    last = room.ends()
    assert last["dropped_samples"] >= dropped[-1]
    assert any("too slow: " in x.text for x in service.lines())


def steady_share(service: Service) -> float:
    """Return the share of a core that it takes when nothing is wrong."""
    first = service.summary()
    for _ in range(10):
        last = service.summary()
    cpu_s: float = last["process"]["cpu_s"] - first["process"]["cpu_s"]
    return cpu_s / float(last["uptime_s"] - first["uptime_s"])
