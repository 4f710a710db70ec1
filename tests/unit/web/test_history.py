"""What a page is told when it opens."""

from __future__ import annotations

import pytest

from edge_daemon.events import Happened, Heard, State, Summary
from edge_daemon.telemetry import Telemetry
from edge_daemon.web.history import HEARD, POINTS, History, Point


def summary(at: float) -> Summary:
    """Return one of a daemon that reads no sensor."""
    return Summary(at=at, figures={**Telemetry().snapshot()})


def state(text: str) -> State:
    """Return one that differs from others by its text."""
    return State(
        condition="listening", text=text, source="", model="", words=[], muted=False,
        muted_left_s=None, thresholds={}, last=None,
    )  # fmt: skip


def test_it_is_bounded() -> None:
    """However long the daemon runs, only the newest are kept, in order."""
    history = History()
    for i in range(3 * POINTS):
        history.add(summary(float(i)))
        history.add(Heard(at=float(i), label="yes", score=0.9, time_s=1.0))
    hello = history.hello()
    assert [point.at for point in hello.points] == [float(i) for i in range(2 * POINTS, 3 * POINTS)]
    assert [heard.at for heard in hello.heard] == [
        float(3 * POINTS - HEARD + i) for i in range(HEARD)
    ]


def test_the_newest_state_and_summary_are_told() -> None:
    """A page that opens sees at once how the daemon is, not when it next changes."""
    history = History()
    assert history.hello().state is None
    for i in range(2):
        history.add(state(f"state {i}"))
        history.add(summary(float(i)))
        history.add(Happened(kind="lost", text=f"happened {i}"))
    hello = history.hello()
    assert hello.state is not None
    assert hello.state.text == "state 1"
    assert hello.summary is not None
    assert hello.summary.at == 1.0
    assert [event.text for event in hello.happened] == ["happened 0", "happened 1"]


@pytest.mark.parametrize("sensors", [None, {"watts_mean": 3.5, "temperature_c": 48.0}])
def test_a_summary_comes_with_its_point(sensors: dict[str, float] | None) -> None:
    """What the charts draw is taken from the figures; what no sensor gives stays unknown."""
    given = summary(7.0)
    if sensors:
        given.figures["sensors"] = sensors
    event, point = History().add(given)
    assert event is given
    assert isinstance(point, Point)
    assert (point.watts, point.temperature_c) == ((3.5, 48.0) if sensors else (None, None))
    assert point.cpu_share == given.figures["process"]["cpu_share_interval"]
