"""The virtual microphone as fixtures, for every folder of tests that listens to one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.sound_server import missing_parts
from tests.integration.virtual_microphone import VirtualMicrophone


@pytest.fixture(scope="module")
def sound_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualMicrophone]:
    """Start a sound server for one module of tests, with no microphone in it yet."""
    if (missing := missing_parts()) is not None:
        pytest.skip(f"no virtual microphone: {missing}")
    with VirtualMicrophone(tmp_path_factory.mktemp("pulse")) as server:
        yield server


@pytest.fixture
def virtual_microphone(sound_server: VirtualMicrophone) -> Iterator[VirtualMicrophone]:
    """Plug in a microphone of 16 kHz, mono, that is silent."""
    sound_server.plug()
    yield sound_server
    sound_server.unplug()
