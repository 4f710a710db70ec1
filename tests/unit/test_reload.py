"""Wishes for a reload, with builders that a test decides."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edge_daemon.control import Answer
from edge_daemon.errors import ConfigError
from edge_daemon.parts import Parts
from edge_daemon.reload import Reload, Reloads

PARTS = cast(Parts, SimpleNamespace(close=lambda: None))


def outcome(reloads: Reloads) -> Reload:
    """Wait for the reload that goes on."""
    reloads.stop(60)
    ended = reloads.ended()
    assert ended
    assert reloads.ended() is None, "it ends once"
    return ended


def test_wishes_during_a_reload_are_met_by_one_more() -> None:
    """The file may have changed since the first has read it; each has the answer of its own."""
    go_on = threading.Event()
    answers: list[str] = []

    def build() -> Parts:
        go_on.wait(60)
        return PARTS

    reloads = Reloads(build)
    assert not reloads.begin()
    reloads.wish(lambda _: answers.append("first"))
    assert reloads.begin()
    for name in ("second", "third"):
        reloads.wish(lambda _, name=name: answers.append(name))  # type: ignore[misc]
    assert not reloads.begin()
    assert reloads.ended() is None
    go_on.set()
    outcome(reloads).answer()
    assert answers == ["first"]
    assert reloads.begin()
    outcome(reloads).answer()
    assert answers == ["first", "second", "third"]
    assert not reloads.begin()


@pytest.mark.parametrize("error", [ConfigError(["no"]), OSError("no"), MemoryError("no")])
def test_whatever_is_raised_is_a_refusal(error: Exception) -> None:
    """The listening goes on, and who asked has the reason."""

    def build() -> Parts:
        raise error

    reloads, answers = Reloads(build), list[Answer]()
    reloads.wish(answers.append)
    reloads.begin()
    ended = outcome(reloads)
    ended.answer()
    assert ended.parts is None
    assert not answers[0].ok
    assert "no" in answers[0].problems[0]


def test_a_machine_without_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of tasks refuses a reload, and does not end the daemon."""

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    reloads = Reloads(lambda: PARTS)
    reloads.wish()
    assert reloads.begin()
    assert outcome(reloads).problems == ["can't start new thread; try again later"]
