"""What was set while the daemon ran, over a restart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_daemon.adjustments import NAME, Adjustments, kept_in
from edge_daemon.control.messages import LONGEST_MUTE_S


def restarted(path: Path, now: float = 1000.0) -> Adjustments:
    """Be the next start."""
    return Adjustments(path, now=lambda: now)


def test_muting_and_thresholds_are_there_after_a_restart(tmp_path: Path) -> None:
    """Who muted a room does not want a crash to listen again."""
    path = tmp_path / "state" / NAME
    adjustments = restarted(path)
    assert not adjustments.is_muted
    adjustments.set_muted(True)
    adjustments.set_threshold("stop", 0.8)
    adjustments.set_threshold("go", 0.9)
    adjustments.set_threshold("go", None)
    adjustments.stop()
    again = restarted(path)
    assert (again.is_muted, again.muted_left_s) == (True, None)
    assert again.thresholds == {"stop": 0.8}
    again.set_muted(False)
    again.stop()
    assert not restarted(path).is_muted


def test_a_mute_for_a_time_ends_while_it_is_away(tmp_path: Path) -> None:
    """The time is the clock's, so that it passes without the daemon."""
    path = tmp_path / NAME
    adjustments = restarted(path)
    adjustments.set_muted(True, for_s=60.0)
    adjustments.stop()
    assert restarted(path, now=1020.0).muted_left_s == pytest.approx(40.0)
    late = restarted(path, now=1060.0)
    assert late.was_muted
    assert not late.is_muted


def test_a_clock_that_is_wrong_at_the_start_mutes_no_longer_than_anybody_may(
    tmp_path: Path,
) -> None:
    """A board without a clock of its own begins in the past, until it has asked the network."""
    path = tmp_path / NAME
    for until in (1.8e9, 1.7e308):
        path.write_text(json.dumps({"muted": True, "muted_until": until}))
        assert restarted(path, now=0.0).muted_left_s == LONGEST_MUTE_S


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"thresholds": {"stop": 7}}', "\x00" * 200_001]
)
def test_a_damaged_file_is_said_and_harms_nobody(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The daemon listens as it is configured."""
    path = tmp_path / NAME
    path.write_text(content)
    adjustments = restarted(path)
    assert "nothing of it is in force" in caplog.text
    assert not adjustments.is_muted
    assert not adjustments.thresholds
    adjustments.set_threshold("stop", 0.8)
    adjustments.stop()
    assert json.loads(path.read_text())["thresholds"] == {"stop": 0.8}


def test_a_folder_that_takes_no_file_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk or a folder of somebody else changes nothing but the next start."""
    (tmp_path / "state").write_text("a file where the folder would be")
    adjustments = restarted(tmp_path / "state" / NAME)
    adjustments.set_muted(True)
    adjustments.stop()
    assert adjustments.is_muted
    assert "forgotten at the next start" in caplog.text


def test_only_a_service_has_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who runs it by hand begins anew each time."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert kept_in() is None
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path}:/other")
    assert kept_in() == tmp_path / NAME
