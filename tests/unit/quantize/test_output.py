"""The place of a model and its reports: filled at once or not at all, by one run at a time."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from edge_daemon.errors import EdgeDaemonError
from edge_daemon.quantize.output import Output

NAMES = ["net.onnx", "net.report.html", "net.report.json"]


def stage(output: Output, text: str = "new") -> None:
    """Write all three files where they are put first."""
    for path in (output.staged, output.staged_json, output.staged_html):
        path.write_text(text)


def names(folder: Path) -> list[str]:
    """Return what is in a folder, hidden or not."""
    return sorted(os.listdir(folder))


def test_all_three_are_put_in_their_places(tmp_path: Path) -> None:
    """And nothing else is left."""
    with Output(tmp_path / "net.onnx") as output:
        stage(output)
        output.publish()
    assert names(tmp_path) == NAMES


def test_nothing_is_there_before_it_is_complete(tmp_path: Path) -> None:
    """What was there before stays until the new ones take its place."""
    (tmp_path / "net.onnx").write_text("old")
    with Output(tmp_path / "net.onnx") as output:
        stage(output)
        assert (tmp_path / "net.onnx").read_text() == "old"
        output.publish()
        assert (tmp_path / "net.onnx").read_text() == "new"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit, OSError, EdgeDaemonError])
def test_a_failure_leaves_nothing(failure: type[BaseException], tmp_path: Path) -> None:
    """Neither half a model nor the folder that it was made in."""

    def fail() -> None:
        with Output(tmp_path / "net.onnx") as output:
            stage(output)
            raise failure

    with pytest.raises(failure):
        fail()
    assert names(tmp_path) == []


def test_a_missing_report_keeps_the_model_away(tmp_path: Path) -> None:
    """There is never an output without its report."""
    with Output(tmp_path / "net.onnx") as output:
        output.staged.write_text("model")
        with pytest.raises(EdgeDaemonError):
            output.publish()
    assert names(tmp_path) == []


def test_a_second_run_is_refused(tmp_path: Path) -> None:
    """And does the first one no harm."""
    with Output(tmp_path / "net.onnx") as output:
        stage(output)
        with pytest.raises(EdgeDaemonError, match="another run is writing it"):
            Output(tmp_path / "net.onnx").__enter__()
        output.publish()
    assert names(tmp_path) == NAMES


def test_other_outputs_are_free(tmp_path: Path) -> None:
    """Only the same output is held."""
    with Output(tmp_path / "net.onnx"), Output(tmp_path / "other.onnx"):
        assert len(names(tmp_path)) == 2


def test_what_a_killed_run_has_left_is_taken_over(tmp_path: Path) -> None:
    """A lock that nobody holds stops nobody."""
    left = tmp_path / ".net.onnx.quantizing"
    left.mkdir()
    (left / "net.onnx").write_text("half")
    with Output(tmp_path / "net.onnx") as output:
        assert names(left) == []
        stage(output)
        output.publish()
    assert names(tmp_path) == NAMES


def test_places_that_cannot_be(tmp_path: Path) -> None:
    """They are named before anything takes long."""
    (tmp_path / "net.report.json").mkdir()
    for path, says in (
        (tmp_path / "no" / "net.onnx", "does not exist"),
        (tmp_path / "net.onnx", "net.report.json: cannot be written"),
        (tmp_path, "a folder"),
    ):
        with pytest.raises(EdgeDaemonError, match=says):
            Output(path).__enter__()
    assert names(tmp_path) == ["net.report.json"]


def test_handlers_of_signals_are_put_back(tmp_path: Path) -> None:
    """Ctrl-C works again after the moment in which it must not come between."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with Output(tmp_path / "net.onnx") as output:
        stage(output)
        output.publish()
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
