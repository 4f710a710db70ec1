"""Make the chime that ships: two notes of a bell, the same bytes on every run.

    scripts/make_chime.py [--output edge_daemon/sounds/chime.wav]

It is computed from nothing but this file, so it has no licence but ours.
"""

from __future__ import annotations

import argparse
import math
import wave
from pathlib import Path

CHIME = Path(__file__).parents[1] / "edge_daemon" / "sounds" / "chime.wav"

RATE_HZ = 48000
LENGTH_S = 0.5
LEVEL = 9000.0
"""Of 32767: audible in a room, and no fright in a quiet one."""
NOTES = ((0.0, 880.0), (0.12, 1318.5))
"""When each begins, in seconds, and its pitch in Hz: a fifth upwards."""
PARTIALS = ((1.0, 1.0, 9.0), (2.0, 0.35, 14.0), (3.01, 0.12, 22.0))
"""Of a note: its multiple of the pitch, its share, and how fast it dies away, per second."""
ATTACK_S = 0.006
RELEASE_S = 0.05
"""Beginning and end come gradually: a step would be a click."""


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Make the chime that ships.")
    parser.add_argument("--output", type=Path, default=CHIME, metavar="WAV")
    output: Path = parser.parse_args().output
    write_chime(output)
    print(output)


def write_chime(path: Path) -> None:
    """Write the chime as a WAV of 16-bit samples, mono."""
    samples = [_sample(n / RATE_HZ) for n in range(round(LENGTH_S * RATE_HZ))]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(b"".join(x.to_bytes(2, "little", signed=True) for x in samples))


def _sample(time_s: float) -> int:
    wave_now = sum(_note(time_s - start_s, pitch_hz) for start_s, pitch_hz in NOTES)
    fade = min(1.0, (LENGTH_S - time_s) / RELEASE_S)
    return round(LEVEL * wave_now * fade)


def _note(time_s: float, pitch_hz: float) -> float:
    if time_s <= 0:
        return 0.0
    return min(1.0, time_s / ATTACK_S) * sum(
        share * math.sin(2 * math.pi * multiple * pitch_hz * time_s) * math.exp(-decay * time_s)
        for multiple, share, decay in PARTIALS
    )


if __name__ == "__main__":
    main()
