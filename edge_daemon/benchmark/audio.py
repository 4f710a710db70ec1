"""The audio that is heard: a recording, or one that is made, the same everywhere."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile
from msgspec import Struct

from edge_daemon.audio.decode import read_clip
from edge_daemon.benchmark.line import Pace
from edge_daemon.errors import AudioError
from edge_daemon.types import Samples

RATE_HZ = 16000
_SEED = 20250
_BURST_S, _EVERY_S, _MADE_S = 0.8, 3.0, 30.0
_QUIET, _LOUD = 40, 9000


class Audio(Struct, frozen=True, kw_only=True):
    """What was heard, so that two runs can be held to each other."""

    name: str
    seconds: float
    """Length before it is repeated."""
    sha256: str
    """Of its samples at 16 kHz."""


class Recording:
    """Audio that is repeated as often as it takes.

    path : a file of any format; None makes bursts of noise in a quiet room, of a stored seed

    Raises
    ------
    AudioError
        When the file cannot be read or is shorter than a tenth of a second.
    """

    def __init__(self, path: Path | None) -> None:
        self._samples = _made() if path is None else read_clip(path, RATE_HZ)
        if len(self._samples) < RATE_HZ // 10:
            raise AudioError(f"{path}: {len(self._samples)} samples; 0.1 s or more are needed")
        digest = hashlib.sha256(self._samples.astype("<i2").tobytes()).hexdigest()
        self.audio = Audio(
            name="bursts of noise, made" if path is None else path.name,
            seconds=len(self._samples) / RATE_HZ, sha256=digest,
        )  # fmt: skip

    def write(self, path: Path, seconds: float, begin_s: float = 0.0) -> Path:
        """Write so many seconds of it as a WAV, 16 kHz, mono.

        Raises
        ------
        AudioError
            When it cannot be written, as on a full disk.
        """
        begin = round(begin_s * RATE_HZ) % len(self._samples)
        n = max(1, round(seconds * RATE_HZ))
        repeated = np.resize(self._samples, begin + n)[begin:]
        try:
            soundfile.write(path, repeated, RATE_HZ, subtype="PCM_16", format="WAV")
        except (OSError, soundfile.SoundFileError) as error:
            raise AudioError(f"{path}: cannot be written: {error}") from None
        return path


class Playing:
    """The files that processes hear, cut out of one recording.

    folder : where they are written
    fast_s, realtime_s : length of the one that is heard at once, and of those at real-time pace
    """

    def __init__(
        self, recording: Recording, folder: Path, fast_s: float, realtime_s: float
    ) -> None:
        self.fast_s, self.realtime_s = fast_s, realtime_s
        self.fast_path = recording.write(folder / "fast.wav", fast_s)
        self._recording, self._realtime_path = recording, folder / "realtime.wav"

    def of(self, pace: Pace, n: int) -> tuple[Path, float]:
        """Return the file of a round and its length in seconds; at real-time pace the next part."""
        if pace == "fast":
            return self.fast_path, self.fast_s
        begin_s = (n - 1) * self.realtime_s
        return self._recording.write(self._realtime_path, self.realtime_s, begin_s), self.realtime_s


def _made() -> Samples:
    """Return the made recording: whole numbers only, which no processor rounds differently."""
    rng = np.random.default_rng(_SEED)
    n = round(_MADE_S * RATE_HZ)
    quiet = rng.integers(-_QUIET, _QUIET + 1, n)
    loud = np.convolve(rng.integers(-_LOUD, _LOUD + 1, n), np.ones(4, np.int64), "same") // 4
    is_loud = np.arange(n) % round(_EVERY_S * RATE_HZ) < round(_BURST_S * RATE_HZ)
    samples: Samples = (quiet + np.where(is_loud, loud, 0)).astype(np.int16)
    return samples
