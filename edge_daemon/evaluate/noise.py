"""Noise mixed into passages at a stated ratio of speech to noise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from edge_daemon.evaluate.loudest import loudest_start
from edge_daemon.evaluate.passages import Passage, to_int16
from edge_daemon.types import Samples

SPEECH_DBFS = -26.0
"""Active level that speech is brought to over noise, as ITU-T P.56 material usually has it."""
_DRAWS = 10
_LEAST_SHARE = 0.5
_RUN = 10
_FADE_S = 0.05

_FloatArray = npt.NDArray[np.float32]


class NoiseBed:
    """Lays noise under utterances.

    The signal-to-noise ratio is that of the utterance's active speech level (the root mean
    square of the frames in which somebody speaks: `spoken_part`) to the root mean square of the
    noise over the same stretch, from the beginning to the end of the voice; both over the whole
    band. Every utterance is brought to one level, so that a steady noise goes on as loud as it
    is from one utterance to the next, as in a room: what changes is the ratio alone. Ten
    utterances in a row have the same recording under them, looped where it is too short. A
    stretch of it whose level under the word is far below its level around it is not taken: a
    bark just after the word would be no noise at 5 dB.

    Parameters
    ----------
    recordings : sequence of Samples
    rate_hz : int
    seed : int
        The same seed draws the same stretches, so that ratios differ in level alone.
    """

    def __init__(self, recordings: Sequence[Samples], rate_hz: int, seed: int) -> None:
        self._recordings = [r for r in recordings if r.any()]
        self._n_fade = int(_FADE_S * rate_hz)
        self._seed = seed

    def __len__(self) -> int:
        return len(self._recordings)

    def under(self, passages: Iterable[Passage], snr_db: float) -> Iterator[Passage]:
        """Yield the passages with noise; one without speech stays as it is."""
        rng = np.random.default_rng(self._seed)
        speech_level = 32768.0 * 10.0 ** (SPEECH_DBFS / 20.0)
        noise_level = speech_level / 10.0 ** (snr_db / 20.0)
        for i, passage in enumerate(passages):
            speech = passage.speech
            if speech is None:
                yield passage
                continue
            if i % _RUN == 0:
                recording = self._recordings[rng.integers(len(self._recordings))]
                first = int(rng.integers(len(recording)))
            n, spoken = len(passage.samples), slice(speech.start, speech.end)
            noise, first = _stretch(recording, first, n, spoken, rng)
            noise = self._faded(noise) * np.float32(noise_level / max(_rms(noise[spoken]), 1e-3))
            said = passage.samples * np.float32(speech_level / speech.level)
            first += n
            yield replace(passage, samples=to_int16(said + noise))

    def _faded(self, noise: _FloatArray) -> _FloatArray:
        """Soften both ends, so that the step to the next passage's noise does not click."""
        n = min(self._n_fade, len(noise) // 2)
        ramp = np.linspace(0.0, 1.0, n, dtype=np.float32)
        noise[:n] *= ramp
        noise[len(noise) - n :] *= ramp[::-1]
        return noise


def _stretch(
    recording: Samples, first: int, n: int, spoken: slice, rng: np.random.Generator
) -> tuple[_FloatArray, int]:
    """Return ``n`` samples that sound under the word too, and where in the recording they begin.

    They begin at ``first``, else at a random place, else where the word has the loudest stretch.
    """
    loud = loudest_start(recording, spoken.stop - spoken.start) - spoken.start
    for tried in (first, *rng.integers(len(recording), size=_DRAWS), loud):
        noise = np.resize(np.roll(recording, -int(tried)), n).astype(np.float32)
        if _rms(noise[spoken]) > _LEAST_SHARE * _rms(noise):
            break
    return noise, int(tried)


def _rms(samples: npt.NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
