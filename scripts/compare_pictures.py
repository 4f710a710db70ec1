"""Measure how the log-mel pictures of Speech Commands agree with our front end on the audio.

    python scripts/compare_pictures.py --speech ../shared/speech

Clips that exist as both are laid over each other, each picture moved in time to where it fits best
(about a quarter was shifted when the pictures were made). Printed: the line that best turns
nepers into grey levels, for comparison with the constants of training/data.py, and what is left.
"""

from __future__ import annotations

import argparse
from pathlib import Path, PurePosixPath

import numpy as np

from edge_daemon.types import FrontendSpec
from training.data import PIXEL_OF_UNIT_POWER, PIXELS_PER_NEPER, LogMel, SpeechArchives

LARGEST_SHIFT = 40
ALIGNED_NEPERS = 1.0
BOUNDS = -13.5, 10.0
"""Nepers between which neither the floor of the front end nor the grey scale's end is reached."""


def best_shift(audio: LogMel, picture: LogMel) -> int:
    """Return by how many frames the picture is later than the audio."""
    errors = {
        shift: np.mean(np.abs(_overlap(audio, picture, shift)[0] - _overlap(audio, picture, shift)[1]))
        for shift in range(-LARGEST_SHIFT, LARGEST_SHIFT + 1)
    }  # fmt: skip
    return min(errors, key=lambda shift: (errors[shift], abs(shift)))


def _overlap(audio: LogMel, picture: LogMel, shift: int) -> tuple[LogMel, LogMel]:
    n = min(len(audio), len(picture)) - abs(shift)
    return audio[max(0, -shift) :][:n], picture[max(0, shift) :][:n]


def main() -> None:
    """Print the agreement of up to so many clips."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"))
    parser.add_argument("--cache", type=Path, default=Path("build/features"))
    parser.add_argument("--clips", type=int, default=1000)
    args = parser.parse_args()
    archives = SpeechArchives(args.speech, args.cache, FrontendSpec())
    heard = archives.tar("speech_commands_training.tar")
    by_clip = {PurePosixPath(n).with_suffix(""): clip for n, clip in heard.items()}
    pictures = archives.pictures("speech_commands_logmel.zip")
    both = [(by_clip[c], p) for n, p in pictures.items() if (c := PurePosixPath(n).with_suffix("")) in by_clip]  # fmt: skip
    picked = np.random.default_rng(0).permutation(len(both))[: args.clips]
    shifts, aligned, left = [], [], []
    for audio, picture in (both[i] for i in picked):
        a, p = audio.astype(np.float32), picture.astype(np.float32)
        shift = best_shift(a[::1], p)
        a, p = _overlap(a, p, shift)
        inside = (a > BOUNDS[0]) & (a < BOUNDS[1]) & (p > BOUNDS[0]) & (p < BOUNDS[1])
        rms = float(np.sqrt(np.mean((a - p)[inside] ** 2))) if inside.any() else 0.0
        shifts.append(shift)
        left.append(rms)
        if rms < ALIGNED_NEPERS:
            aligned.append((a[inside], p[inside]))
    x = np.concatenate([a for a, _ in aligned])
    grey = np.concatenate([p for _, p in aligned]) * PIXELS_PER_NEPER + PIXEL_OF_UNIT_POWER
    slope, intercept = np.polyfit(x, grey, 1)
    residual = float(np.sqrt(np.mean((grey - slope * x - intercept) ** 2)))
    moved = np.mean(np.abs(shifts) > 1)
    print(f"{len(both)} clips exist as both; {len(picked)} were compared")
    print(f"moved by more than a frame: {moved:.0%}; residual of the rest and of these, in nepers:")
    print("  quantiles 25, 50, 75, 90 %: " + " ".join(f"{q:.2f}" for q in np.quantile(left, [0.25, 0.5, 0.75, 0.9])))  # fmt: skip
    print(f"below {ALIGNED_NEPERS:g} neper: {len(aligned) / len(picked):.0%}; fitted on these: pixel = {slope:.2f} ln(P) + {intercept:.1f}, residual {residual:.1f} grey levels")  # fmt: skip
    print(f"in use: pixel = {PIXELS_PER_NEPER} ln(P) + {PIXEL_OF_UNIT_POWER}")


if __name__ == "__main__":
    main()
