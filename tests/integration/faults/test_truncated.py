"""Model files that a power cut, a full disk or a bad card has damaged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_daemon.model.file import resolve
from tests.integration.command_line import assert_one_complaint, edge_daemon
from tests.integration.faults.scene import Scene

Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty", marks=pytest.mark.heavy),
        pytest.param(lambda data: data[:-1], id="cut off by a byte"),
        pytest.param(lambda data: data[: len(data) // 2], id="half", marks=pytest.mark.heavy),
        pytest.param(lambda data: _flipped(data, len(data) // 2), id="one bit wrong"),
        pytest.param(
            lambda data: data + bytes(4096), id="zeros behind it", marks=pytest.mark.heavy
        ),
    ],
)
def test_a_damaged_model_is_refused(scene: Scene, damage: Damage) -> None:
    """The daemon ends with 78 and one line that names the file, and never listens."""
    model = scene.folder / "model.onnx"
    model.write_bytes(damage(resolve("builtin:commands").read_bytes()))
    done = edge_daemon("run", "--config", scene.configure())
    assert_one_complaint(done, 78, model)
    assert "listening to" not in done.stderr


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
