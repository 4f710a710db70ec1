"""What the tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.faults import survivors
from tests.integration.faults.scene import Heard, Scene, words

N_WORDS = 8


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A place of its own for each test."""
    found = Scene(tmp_path)
    yield found
    found.pipe.close()
    survivors.end(survivors.with_home(tmp_path))


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """What is heard in ``words(N_WORDS)`` when nothing is broken."""
    found = Scene(tmp_path_factory.mktemp("reference")).replayed(words(N_WORDS))
    assert len(found) >= N_WORDS
    return found
