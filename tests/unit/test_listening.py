"""A source through its losses, with sources whose every step a test decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_daemon import listening
from edge_daemon.audio import AudioSource
from edge_daemon.config import AudioConfig
from edge_daemon.errors import AudioError, AudioGone, AudioLost, MissingDependency
from edge_daemon.listening import Event, Listening, Lost, Opened, Waiting
from edge_daemon.signals import StopSignal
from edge_daemon.types import Block

MIC = AudioConfig(source="mic", give_up_after_s=1.0)
BLOCK = 160


class Script:
    """A source that does what it is told: ints are blocks, exceptions are raised.

    Each block is of so many samples, after ``dropped`` that were lost; ``unread`` come in and wait
    when it is closed.
    """

    description = "script"

    def __init__(
        self,
        steps: Sequence[int | AudioError],
        dropped: int = 0,
        unread: int = 0,
        refused: AudioError | MissingDependency | None = None,
    ) -> None:
        self._steps = list(steps)
        self._dropped = dropped
        self._unread = unread
        self._refused = refused
        self.captured = 0

    def __enter__(self) -> Script:
        if self._refused:
            raise self._refused
        return self

    def read(self) -> Block | None:
        """Do the next step."""
        if not self._steps:
            return None
        step = self._steps.pop(0)
        if isinstance(step, AudioError):
            raise step
        self.captured += step + self._dropped
        return Block(np.zeros(step, np.int16), captured_s=0.0, dropped=self._dropped)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.captured += self._unread  # what the callback writes until the stream is closed


def opener(scripts: Sequence[Script]) -> Callable[[AudioConfig, int], AudioSource]:
    """Return what opens one after the other, and then refuses for ever."""
    left = list(scripts)

    def open_source(_config: AudioConfig, _rate_hz: int) -> AudioSource:
        return left.pop(0) if left else Script([], refused=AudioError("none is plugged in"))

    return open_source


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a hundredth of the time."""
    monkeypatch.setattr(listening, "FIRST_RETRY_S", 0.005)
    monkeypatch.setattr(listening, "LONGEST_RETRY_S", 0.05)


def listen(
    scripts: Sequence[Script], config: AudioConfig = MIC, is_watched: bool = False
) -> Listening:
    """Listen to these sources in turn."""
    return Listening(config, 16000, StopSignal(), is_watched, opener(scripts))


def kinds(events: Iterator[Event]) -> list[str]:
    """Return what happened, in words, without the waiting."""
    return [type(e).__name__ for e in events if not isinstance(e, Waiting)]


def test_a_loss_is_told_and_the_source_opened_again() -> None:
    """The stream after it is a new one."""
    heard = listen([Script([BLOCK, AudioLost("unplugged")]), Script([BLOCK, BLOCK])])
    assert kinds(heard.events()) == ["Opened", "Block", "Lost", "Opened", "Block", "Block"]


def test_a_microphone_that_is_not_there_yet_is_an_error_by_hand() -> None:
    """Who starts it in a terminal is told at once."""
    with pytest.raises(AudioError, match="none is plugged in"):
        kinds(listen([]).events())


def test_a_service_waits_for_its_first_microphone_for_ever() -> None:
    """A fresh process is no fresher after a restart, so it does not give up."""
    config = AudioConfig(source="mic", give_up_after_s=1e-9)
    lost = 0
    for event in listen([], config, is_watched=True).events():
        lost += isinstance(event, Lost)
        if lost == 5:
            break
    assert lost == 5


def test_a_service_gives_up_what_it_had() -> None:
    """After ``give_up_after_s`` in vain the service manager is to start it afresh."""
    config = AudioConfig(source="mic", give_up_after_s=0.02)
    heard = listen([Script([BLOCK, AudioLost("unplugged")])], config, is_watched=True)
    with pytest.raises(AudioGone, match=r"no audio for 0.02 s .*: none is plugged in"):
        kinds(heard.events())


def test_by_hand_it_does_not_give_up() -> None:
    """Nobody would start it again."""
    config = AudioConfig(source="mic", give_up_after_s=1e-9)
    scripts = [Script([BLOCK, AudioLost("gone")]), *[Script([], refused=AudioError("no"))] * 4]
    events = kinds(listen([*scripts, Script([BLOCK])], config).events())
    assert events == ["Opened", "Block", *["Lost"] * 5, "Opened", "Block"]


def test_a_stream_without_audio_is_no_return() -> None:
    """A microphone that opens and stays silent is as lost as before, and in the end given up."""
    silent = [Script([0, AudioLost("no audio")]) for _ in range(50)]
    config = AudioConfig(source="mic", give_up_after_s=0.05)
    heard = listen([Script([BLOCK, AudioLost("x")]), *silent], config, is_watched=True)
    with pytest.raises(AudioGone):
        kinds(heard.events())


def test_waits_grow_and_begin_anew_after_audio() -> None:
    """Two losses far apart are both sought at once."""
    refused = [Script([], refused=AudioError("no")) for _ in range(5)]
    again = Script([BLOCK, AudioLost("again")])
    heard = listen([Script([BLOCK, AudioLost("gone")]), *refused, again, Script([BLOCK])])
    waits = [e.next_try_s for e in heard.events() if isinstance(e, Lost)]
    assert waits == [0.005, 0.01, 0.02, 0.04, 0.05, 0.05, 0.005]


def test_a_fifo_waits_for_its_next_writer_only_as_a_service() -> None:
    """By hand, `arecord | edge-daemon` ends with arecord."""
    config = AudioConfig(source="pcm:/fifo")
    scripts = [Script([BLOCK, AudioLost("closed")]), Script([BLOCK])]
    assert kinds(listen(scripts, config).events()) == ["Opened", "Block"]
    scripts = [Script([BLOCK, AudioLost("closed")]), Script([BLOCK])]
    events = kinds(listen(scripts, config, is_watched=True).events())
    assert events == ["Opened", "Block", "Lost", "Opened", "Block"]


def test_another_configuration_opens_another_source() -> None:
    """Only what an open source depends on makes it close."""
    heard = listen([Script([BLOCK] * 3), Script([BLOCK])])
    events = heard.events()
    assert [type(next(events)) for _ in range(2)] == [Opened, Block]
    heard.go_by(AudioConfig(source="mic", muted_after_s=7), 16000)
    assert isinstance(next(events), Block), "nothing that is open has changed"
    heard.go_by(AudioConfig(source="mic:other"), 16000)
    assert kinds(events) == ["Opened", "Block"]


def test_a_source_that_a_reload_named_wrongly_is_waited_for() -> None:
    """A reload must not end the daemon; the next one may mend it."""
    heard = listen([Script([BLOCK] * 3), Script([], refused=AudioError("no such FIFO"))])
    events = heard.events()
    next(events), next(events)
    heard.go_by(AudioConfig(source="pcm:/missing"), 16000)
    assert isinstance(next(events), Lost)


@pytest.mark.parametrize("error", [AudioError("unplugged"), MissingDependency("no PortAudio")])
def test_a_microphone_that_a_reload_named_is_waited_for(
    error: AudioError | MissingDependency,
) -> None:
    """By hand as well, and before any audio: only a start ends with what is not there."""
    heard = listen([Script([0] * 3), Script([], refused=error)], AudioConfig(source="pcm:/fifo"))
    events = heard.events()
    next(events), next(events)
    heard.go_by(AudioConfig(source="mic:other"), 16000)
    lost = next(events)
    assert isinstance(lost, Lost)
    assert str(lost.error) == str(error)
    heard.go_by(AudioConfig(source="wav:other.wav"), 16000)
    assert isinstance(next(events), Lost), "it is tried at once, and refused"


def test_what_is_not_installed_ends_a_start() -> None:
    """No wait brings a library."""
    with pytest.raises(MissingDependency):
        kinds(listen([Script([], refused=MissingDependency("no PortAudio"))]).events())


def test_a_stop_ends_the_wait() -> None:
    """SIGTERM does not wait for the microphone."""
    stop = StopSignal()
    heard = Listening(MIC, 16000, stop, True, opener([]))
    events = heard.events()
    assert isinstance(next(events), Lost)
    threading.Thread(target=stop._on_signal, args=(15, None)).start()
    assert set(kinds(events)) <= {"Lost"}


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 300), max_size=5), st.integers(0, 50), st.integers(0, 99)
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_sample_is_handed_on_or_dropped(
    streams: list[tuple[list[int], int, int]],
) -> None:
    """What came in is in a block, once, or counted as dropped, through all losses."""
    scripts = [
        Script([*blocks, AudioLost("lost")], dropped=dropped, unread=unread)
        for blocks, dropped, unread in streams
    ]
    heard = listen(scripts)
    handed_on = opened = 0
    for event in heard.events():
        opened += isinstance(event, Opened)
        handed_on += len(event.samples) if isinstance(event, Block) else 0
        if isinstance(event, Lost) and opened == len(streams):
            break
    came_in = sum(sum(b) + len(b) * dropped + unread for b, dropped, unread in streams)
    assert heard.n_captured == came_in
    assert heard.n_captured == handed_on + heard.n_overwritten + heard.n_left
