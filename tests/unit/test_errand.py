"""Work in a thread that can be left behind."""

from __future__ import annotations

import threading

import pytest

from edge_daemon.errand import Errand
from tests.unit.actions.programs import GIVE_UP_S


def test_the_result_comes_without_a_wait() -> None:
    """While the work hangs it is not over; then there is what it returned."""
    gate = threading.Event()
    errand = Errand(lambda: gate.wait(GIVE_UP_S), "work")
    assert not errand.is_over
    assert not errand.wait(0)
    gate.set()
    assert errand.wait(GIVE_UP_S)
    assert errand.result() is True


def test_a_failure_is_raised_where_the_result_is_asked_for() -> None:
    """It does not end the thread with a trace on stderr."""

    def fail() -> None:
        raise OSError("no route")

    errand = Errand(fail, "work")
    assert errand.wait(GIVE_UP_S)
    with pytest.raises(OSError, match="no route"):
        errand.result()


def test_no_thread_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on tasks is met as a lack of descriptors is."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(OSError, match="can't start new thread"):
        Errand(lambda: None, "work")
