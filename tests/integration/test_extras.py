"""What the daemon loads: nothing of an extra that the configuration does not ask for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import soundfile

from tests.integration.command_line import RATE_HZ, ROOT, demo_samples
from tests.ports import free_port

PROGRAM = """
import sys
from edge_daemon.__main__ import main
try:
    main()
finally:
    print(*sys.modules)
"""
LIBRARIES = {
    "paho", "websockets", "prometheus_client", "gpiozero", "lgpio", "wyoming",
    "asyncio", "ssl", "http", "email", "concurrent",
}  # fmt: skip
"""Of the extras, and what they bring along out of Python's own: some MiB."""
PARTS = {
    f"edge_daemon.{name}"
    for name in ("mqtt", "web", "metrics", "gpio", "clips", "wyoming", "monitor", "review", "init")
}


def loaded(folder: Path, sections: Mapping[str, object]) -> set[str]:
    """Return the libraries and our own packages that a daemon has loaded at its end."""
    soundfile.write(folder / "clip.wav", demo_samples(1), RATE_HZ)
    audio = {"source": "wav:clip.wav", "pace": "fast"}
    config = folder / "config.yaml"
    config.write_text(json.dumps({"audio": audio, "control": {"path": "socket"}, **sections}))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "run", "--config", str(config)],
        cwd=ROOT, env={**os.environ, "GPIOZERO_PIN_FACTORY": "mock"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    names = done.stdout.splitlines()[-1].split()
    return {name.partition(".")[0] for name in names} | set(names) & PARTS


def test_without_their_sections_no_extra_is_loaded(tmp_path: Path) -> None:
    """A daemon without these sections has neither a library of an extra in it nor a part of ours."""
    found = loaded(tmp_path, {})
    assert "numpy" in found, "what is loaded was not seen"
    assert not found & (LIBRARIES | PARTS)


def test_the_sections_bring_their_own(tmp_path: Path) -> None:
    """With their sections parts and libraries are there: it is seen when they are loaded."""
    sections = {
        "prometheus": f"127.0.0.1:{free_port()}",
        "web": f"127.0.0.1:{free_port()}",
        "mqtt": {"host": "127.0.0.1", "port": free_port()},
        "gpio": {"mute_led": 17},
        "clips": {"path": "clips"},
    }
    found = loaded(tmp_path, sections)
    assert found & PARTS == {
        f"edge_daemon.{x}" for x in ("metrics", "web", "mqtt", "gpio", "clips")
    }
    assert {"prometheus_client", "websockets", "paho", "gpiozero"} <= found
