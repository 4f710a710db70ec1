"""The wake-word service as a unit, in a booted machine of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration import booted_systemd, hand_installed
from tests.integration.booted_systemd import BootedSystemd
from tests.integration.command_line import ROOT

pytestmark = pytest.mark.heavy

UNIT = "edge-daemon-wyoming.service"
CLIENT = """
import asyncio, json, sys
sys.path.insert(0, "/opt/source")
import numpy as np
from wyoming.audio import AudioChunk
from tests.integration.command_line import demo_samples
from tests.integration.wyoming_sessions import START, STOP, said_in

wide = np.repeat(np.repeat(demo_samples(2), 3)[:, np.newaxis], 2, axis=1)
audio = [
    AudioChunk(48000, 2, 2, wide[i : i + 4800].tobytes(), timestamp=i // 48).event()
    for i in range(0, len(wide), 4800)
]
said = asyncio.run(said_in("tcp://127.0.0.1:10400", [[START, *audio, STOP]]))
print(json.dumps(said.answers))
"""


def test_unit_serves_in_its_sandbox(tmp_path: Path) -> None:
    """Under all that its unit forbids the service starts, resamples, hears, and stops at once."""
    if (missing := booted_systemd.missing_parts()) is not None:
        pytest.skip(f"no systemd can be booted: {missing}")
    with BootedSystemd(tmp_path / "vm", hand_installed.binds()) as system:
        hand_installed.install(system, "{}")
        system.put(f"/etc/systemd/system/{UNIT}", (ROOT / "deploy" / UNIT).read_text())
        system.run("systemctl", "daemon-reload")
        system.run("systemctl", "start", UNIT)
        assert "listening at tcp://127.0.0.1:10400" in system.property(UNIT, "StatusText")
        done = system.run("/opt/edge-daemon/bin/python", "-c", CLIENT)
        told = [(x["type"], x["data"]["name"]) for x in json.loads(done.stdout)]
        assert told == [("detection", "computer")]
        system.run("systemctl", "stop", UNIT)
        assert system.property(UNIT, "Result") == "success"
