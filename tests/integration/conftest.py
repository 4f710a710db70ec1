"""The real parts that several modules of tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.microphone_fixtures import sound_server, virtual_microphone
from tests.integration.notices import Notices

__all__ = ["sound_server", "virtual_microphone"]


@pytest.fixture
def notices(tmp_path: Path) -> Iterator[Notices]:
    """A service manager that listens."""
    listening = Notices(tmp_path / "notify")
    yield listening
    listening.close()


def _default_signals() -> None:
    """Give the programs of the tests what a terminal gives them, also under nohup."""
    for number, usual in (
        (signal.SIGHUP, signal.SIG_DFL),
        (signal.SIGINT, signal.default_int_handler),
    ):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


_default_signals()
