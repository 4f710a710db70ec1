"""Wake words that no command followed."""

from __future__ import annotations

from edge_daemon.telemetry.unanswered import Unanswered
from edge_daemon.types import Detection


def wake(time_s: float) -> Detection:
    """Return a wake word."""
    return Detection("jarvis", 0.9, time_s)


def command(time_s: float) -> Detection:
    """Return a command after it."""
    return Detection("on", 0.9, time_s, "jarvis")


def test_a_command_in_time_is_the_answer() -> None:
    """Whatever comes later, nothing is left open."""
    words = Unanswered(["jarvis"], 3.0)
    assert [words.heard(wake(1.0)), words.heard(command(3.9)), words.passed(60.0)] == [0, 0, 0]


def test_silence_after_it_counts_once() -> None:
    """Not before the time is up, and not again after it."""
    words = Unanswered(["jarvis"], 3.0)
    words.heard(wake(1.0))
    assert [words.passed(t) for t in (1.5, 4.0, 4.1, 5.0, 9.0)] == [0, 0, 1, 0, 0]


def test_said_again_the_first_was_in_vain() -> None:
    """Two wake words in a row: one of them at least had no answer."""
    words = Unanswered(["jarvis"], 3.0)
    assert [words.heard(wake(1.0)), words.heard(wake(2.0)), words.heard(command(3.0))] == [0, 1, 0]


def test_a_new_stream_ends_the_wait() -> None:
    """Time begins at 0 again where a microphone was lost."""
    words = Unanswered(["jarvis"], 3.0)
    words.heard(wake(100.0))
    assert words.passed(0.1) == 1


def test_without_wake_words_there_is_nothing_to_count() -> None:
    """Where every word fires alone none of them waits for another."""
    words = Unanswered((), 0.0)
    assert words.heard(Detection("on", 0.9, 1.0)) == 0
    assert words.passed(60.0) == 0
