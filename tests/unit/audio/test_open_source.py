"""The source that the configuration names is the one that is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edge_daemon.audio import open_source
from edge_daemon.audio.files import FileSource
from edge_daemon.audio.microphone import MicrophoneSource
from edge_daemon.audio.pcm import PcmSource
from edge_daemon.config import AudioConfig


@pytest.mark.parametrize(
    ("source", "kind", "description"),
    [
        ("mic", MicrophoneSource, "default microphone"),
        ("mic:USB: Audio", MicrophoneSource, "microphone 'USB: Audio'"),
        ("wav:/no/such.wav", FileSource, "file /no/such.wav"),
        ("pcm:-", PcmSource, "raw 16-bit samples from standard input"),
        ("pcm:/no/fifo", PcmSource, "raw 16-bit samples from /no/fifo"),
    ],
)
def test_kinds_of_source(source: str, kind: type, description: str) -> None:
    """Each kind is made without opening anything, and says what it will open."""
    made = open_source(AudioConfig(source=source), 16000)
    assert isinstance(made, kind)
    assert made.description.startswith(description)


def _python(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    ).stdout


def test_the_package_loads_no_audio_library() -> None:
    """Making any source loads none of PortAudio, libsndfile and soxr."""
    out = _python(
        "import sys\n"
        "from edge_daemon.audio import open_source\n"
        "from edge_daemon.config import AudioConfig\n"
        "for source in ('mic', 'wav:x.wav', 'pcm:-'):\n"
        "    open_source(AudioConfig(source=source), 16000)\n"
        "print([m for m in ('sounddevice', 'soundfile', 'soxr') if m in sys.modules])\n"
    )
    assert out.strip() == "[]"


def test_missing_portaudio_names_the_package(tmp_path: Path) -> None:
    """Without PortAudio, opening a microphone answers with the line that installs it."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    out = _python(
        "from edge_daemon.audio import open_source\n"
        "from edge_daemon.config import AudioConfig\n"
        "from edge_daemon.errors import MissingDependency\n"
        "try:\n"
        "    open_source(AudioConfig(), 16000).__enter__()\n"
        "except MissingDependency as error:\n"
        "    print(error)\n",
        PYTHONPATH=str(tmp_path),
    )
    assert "sudo apt install libportaudio2" in out
