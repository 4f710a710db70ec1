"""StageTimer."""

from __future__ import annotations

import pytest

from edge_daemon.telemetry import StageTimer


def test_each_lap_is_the_time_since_the_one_before() -> None:
    """A lap counts from the start or the lap before, and stages keep their order."""
    ticks = iter([0, 1_000_000, 3_000_000, 10_000_000, 50_000_000, 51_000_000])  # ns
    timer = StageTimer(lambda: next(ticks))
    timer.start()
    timer.lap("frontend")
    timer.lap("model")
    timer.start()
    timer.lap("frontend")
    assert list(timer.stages) == ["frontend", "model"]
    assert timer.stages["frontend"].count == 2
    assert timer.stages["frontend"].percentile(0) == pytest.approx(0.001, rel=0.05)
    assert timer.stages["frontend"].max == pytest.approx(0.002)
    assert timer.stages["model"].max == pytest.approx(0.007)


def test_an_inset_is_not_part_of_the_stage_around_it() -> None:
    """A stage inside another is measured by itself, also when it fails."""
    ticks = iter([0, 2_000_000, 9_000_000, 10_000_000])  # ns
    timer = StageTimer(lambda: next(ticks))

    def fail_inside() -> None:
        with timer.inset("confirm"):
            raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        fail_inside()
    timer.lap("decision")
    assert timer.stages["confirm"].max == pytest.approx(0.007)
    assert timer.stages["decision"].max == pytest.approx(0.003)


def test_real_clock() -> None:
    """With the real clock a lap is counted and takes some time."""
    timer = StageTimer()
    timer.start()
    timer.lap("stage")
    longest = timer.stages["stage"].max
    assert longest is not None
    assert longest > 0
