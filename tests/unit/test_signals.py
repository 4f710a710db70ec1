"""The wish to stop."""

from __future__ import annotations

import os
import signal

import pytest

from edge_daemon.signals import StopSignal


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_noted(number: signal.Signals) -> None:
    """The signal is noted with its name and ends a wait, however long."""
    with StopSignal() as stop:
        assert not stop
        assert stop.name is None
        os.kill(os.getpid(), number)
        stop.wait(3600)
        assert stop
        assert stop.name == number.name


def test_the_handlers_are_put_back() -> None:
    """After the main loop the signals do what they did before."""
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
