"""Which part of the data a recording belongs to: ``training``, ``validation`` or ``testing``."""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath


def percentile_of(name: str) -> float:
    """Return a stable number from 0 to 100 for a name: the split rule of Speech Commands."""
    digest = int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16)
    return (digest % (1 << 27)) * 100.0 / ((1 << 27) - 1)


def speaker_of(name: str) -> str:
    """Return the speaker of ``word/speaker_nohash_n.ext``."""
    return PurePosixPath(name).stem.split("_nohash_")[0]


def speaker_part(name: str) -> str:
    """Return the part of a clip of Speech Commands, which its authors split by speaker.

    Source: P. Warden, "Speech commands: A dataset for limited-vocabulary speech recognition"
    (2018), arXiv 1804.03209, ``which_set``.
    """
    p = percentile_of(speaker_of(name))
    return "validation" if p < 10 else "testing" if p < 20 else "training"


def other_part(name: str) -> str:
    """Return the part of a recording that is not of Speech Commands."""
    p = percentile_of(PurePosixPath(name).stem)
    return "validation" if p < 10 else "testing" if p < 30 else "training"
