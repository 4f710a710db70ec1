"""A clip played by a program, which is given a WAV file: aplay reads no FLAC."""

from __future__ import annotations

import subprocess
import tempfile
import wave
from collections.abc import Sequence
from pathlib import Path

from edge_daemon.actions.command import program_problem
from edge_daemon.review.judging import RATE_HZ
from edge_daemon.types import Samples

_LATE_S = 10.0
"""The player may take so much longer than the clip."""


def play(samples: Samples, player: Sequence[str]) -> str | None:
    """Play a clip to its end; return why it could not be played, None where it was."""
    with tempfile.TemporaryDirectory(prefix="edge-daemon-review-") as folder:
        path = Path(folder, "clip.wav")
        write_wav(path, samples)
        try:
            done = subprocess.run(
                [*player, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, timeout=len(samples) / RATE_HZ + _LATE_S, check=False,
            )  # fmt: skip
        except OSError as error:
            return f"{program_problem(player) or error}; name another one with --player"
        except subprocess.TimeoutExpired:
            return f"{player[0]} takes too long and was ended; is the sound card busy?"
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        return f"{player[0]} exited with {done.returncode}: {said[-1] if said else 'no reason'}"
    return None


def write_wav(path: Path, samples: Samples) -> None:
    """Write mono 16-bit samples at `RATE_HZ`."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
