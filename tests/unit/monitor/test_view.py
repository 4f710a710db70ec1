"""What the monitor knows."""

from __future__ import annotations

import pytest

from edge_daemon.errors import ControlError
from edge_daemon.events import Happened
from edge_daemon.monitor.feed import Ended, Lost, Refused
from edge_daemon.monitor.screen import condition_of, health_of
from edge_daemon.monitor.view import STALE_S, View
from tests.unit.monitor.told import NOW, heard, live, state


def view(*news: object) -> View:
    """Return one that has taken this."""
    found = View(NOW)
    for one in news:
        found.take(one)  # type: ignore[arg-type]
    return found


def test_a_score_stays_for_a_second() -> None:
    """A score that lasts for one block is seen on a screen that is drawn less often."""
    known = view(live(yes=0.9), *(live() for _ in range(9)))
    assert known.score("yes") == 0.9
    known.take(live())
    assert known.score("yes") == 0.0


def test_each_second_is_one_step_of_the_curves() -> None:
    """The longest latency of a second counts; the board's watts go before those of the daemon."""
    known = view(live(latency_ms=2.0), live(latency_ms=7.0))
    known.second(watts=3.5)
    known.second(watts=None)
    assert (list(known.latencies_ms), list(known.watts)) == ([7.0], [3.5])


@pytest.mark.parametrize("news", [Lost("hung up"), Ended(), state(condition="lost")])
def test_what_is_lost_shows_no_old_levels(news: object) -> None:
    """No level and no score stands as if it were so now; the words stay."""
    known = view(state(), heard(), live(yes=0.9), news)
    assert known.live is None
    assert known.score("yes") == 0.0
    assert len(known.words) == 1


def test_a_lost_daemon_is_shown_until_it_tells_something() -> None:
    """It is named lost with the reason, and not any more with the next event."""
    known = view(state(), Lost("the daemon has hung up"))
    assert condition_of(known, NOW)[0] == "NO DAEMON"
    assert health_of(known, NOW).startswith("the daemon has hung up; looking for it again")
    known.take(state())
    assert condition_of(known, NOW)[0] == "LISTENING"


@pytest.mark.parametrize(
    ("condition", "is_stale"),
    [("listening", True), ("muted", True), ("lost", False), ("starting", False)],
)
def test_a_daemon_that_hangs_is_seen(condition: str, is_stale: bool) -> None:
    """One that should tell ten blocks a second, and tells none, is not shown as listening."""
    shown = condition_of(view(state(condition=condition)), NOW + STALE_S + 2)[0]
    assert (shown == "NO NEWS for 5 s") == is_stale, shown


def test_the_time_that_is_left_of_a_mute_goes_down() -> None:
    """Between two states the monitor counts by itself."""
    known = view(state(condition="muted", muted=True, muted_left_s=30.0))
    assert condition_of(known, NOW + 2)[0] == "MUTED 28 s"
    assert known.muted_left_s(NOW + 40) == 0.0


def test_a_refusal_is_shown_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Why a key did nothing stands in the line of health, and not for ever."""
    monkeypatch.setattr("edge_daemon.monitor.view.time.time", lambda: NOW)
    known = view(state(), Refused("not for this user"))
    assert health_of(known, NOW + 1) == "not for this user"
    assert health_of(known, NOW + 60) == "listening; nothing heard yet"


@pytest.mark.parametrize(("text", "shown"), [("", "unmuted by hand"), ("x", "unmuted by hand: x")])
def test_what_happened_may_have_no_text(text: str, shown: str) -> None:
    """Then nothing stands behind it."""
    assert (
        health_of(view(state(), Happened(kind="unmuted by hand", text=text, at=NOW)), NOW) == shown
    )


def test_the_end_says_why() -> None:
    """An error that ended it is told; the end of a file is none."""
    assert health_of(view(Ended(ControlError("no such file"))), NOW) == "no such file"
    assert health_of(view(Ended()), NOW) == "the audio has ended"
