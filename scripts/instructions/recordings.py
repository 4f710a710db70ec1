"""What is heard where nothing else is named: talk, and a room in which nobody speaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from make_demo_clip import RATE_HZ, room_noise

DEMO = Path(__file__).parents[2] / "config" / "demo.flac"
_QUIET_S = 60


def quiet_room(path: Path) -> Path:
    """Write a minute of a quiet room."""
    samples = np.round(32767 * room_noise(_QUIET_S * RATE_HZ)).astype(np.int16)
    soundfile.write(path, samples, RATE_HZ, subtype="PCM_16")
    return path
