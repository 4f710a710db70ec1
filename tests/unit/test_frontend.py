"""The front end against librosa, and its streaming against itself."""

from __future__ import annotations

from dataclasses import replace

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_daemon.frontend import MfccFrontend, dct_matrix, level_projection, mel_filters
from edge_daemon.types import Features, FrontendSpec, Samples

OURS = FrontendSpec()
SEEDS = FrontendSpec(win_length=400, f_max_hz=8000)
SLANEY_DB = FrontendSpec(
    n_mels=64, n_mfcc=13, f_min_hz=50, f_max_hz=7600, mel_scale="slaney", mel_norm="slaney",
    log="db", log_floor=1e-10,
)  # fmt: skip
LOG_MEL = FrontendSpec(n_mfcc=0)


def speech_like(n: int, seed: int = 0) -> Samples:
    """Return noise whose level changes over the whole range, silence included."""
    rng = np.random.default_rng(seed)
    envelope = 10.0 ** rng.uniform(-1.0, 4.3, size=n // 800 + 1).repeat(800)[:n]
    return (rng.standard_normal(n) * envelope).clip(-32768, 32767).astype(np.int16)


def librosa_features(samples: Samples, spec: FrontendSpec) -> Features:
    """Return librosa's features with the same parameters, frames as rows."""
    # librosa's frames are n_fft long with the window in their middle; ours are win_length long
    edge = (spec.n_fft - spec.win_length) // 2
    mel = librosa.feature.melspectrogram(
        y=np.pad(samples / np.float32(32768), edge), sr=spec.sample_rate_hz, n_fft=spec.n_fft,
        hop_length=spec.hop_length, win_length=spec.win_length, center=False, power=2.0,
        n_mels=spec.n_mels, fmin=spec.f_min_hz, fmax=spec.f_max_hz,
        htk=spec.mel_scale == "htk", norm=None if spec.mel_norm == "none" else spec.mel_norm,
    )  # fmt: skip
    if spec.log == "db":
        log_mel = librosa.power_to_db(mel, amin=spec.log_floor, top_db=None)
    else:
        log_mel = np.log(np.maximum(mel, spec.log_floor))
    if spec.n_mfcc:
        log_mel = librosa.feature.mfcc(S=log_mel, n_mfcc=spec.n_mfcc)
    features: Features = log_mel.T.astype(np.float32)
    return features


@pytest.mark.parametrize("spec", [OURS, SEEDS, SLANEY_DB, LOG_MEL])
def test_equals_librosa(spec: FrontendSpec) -> None:
    """Our features are librosa's with the same parameters."""
    samples = speech_like(16000)
    ours = MfccFrontend(spec).push(samples)
    theirs = librosa_features(samples, spec)
    assert ours.dtype == np.float32
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


@given(cuts=st.lists(st.integers(0, 8000), max_size=12), seed=st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_any_blocking_gives_librosas_mfcc(cuts: list[int], seed: int) -> None:
    """However the samples are cut into blocks, the frames are those of the whole recording."""
    samples = speech_like(8000, seed)
    frontend = MfccFrontend(OURS)
    parts = [frontend.push(part) for part in np.split(samples, sorted(cuts))]
    np.testing.assert_allclose(np.concatenate(parts), librosa_features(samples, OURS), atol=1e-3)


def test_the_documents_input_is_expressible() -> None:
    """25 ms windows every 10 ms and 40 coefficients make a second an input of 98 x 40."""
    assert MfccFrontend(SEEDS).push(np.zeros(16000, np.int16)).shape == (98, 40)


@pytest.mark.parametrize("n", [0, 1, 479])
def test_less_than_a_frame_gives_no_frame(n: int) -> None:
    """Samples that do not fill a frame wait for the next block."""
    frontend = MfccFrontend(OURS)
    assert frontend.push(np.zeros(n, np.int16)).shape == (0, 40)
    assert frontend.push(np.zeros(480 - n, np.int16)).shape == (1, 40)


def test_reset_forgets_waiting_samples() -> None:
    """After a reset the next frame starts with the next sample."""
    frontend = MfccFrontend(OURS)
    frontend.push(np.full(300, 9999, np.int16))
    frontend.reset()
    samples = speech_like(480)
    np.testing.assert_array_equal(frontend.push(samples), MfccFrontend(OURS).push(samples))


def test_silence_is_the_log_floor() -> None:
    """Digital silence gives the floor in every band, never minus infinity."""
    log_mel = MfccFrontend(LOG_MEL).push(np.zeros(1600, np.int16))
    np.testing.assert_allclose(log_mel, np.log(LOG_MEL.log_floor), rtol=1e-6)


def test_normalisation_is_applied_per_coefficient() -> None:
    """Features are (x - mean) / std of the plain ones."""
    mean, std = tuple(np.linspace(-3, 3, 40)), tuple(np.linspace(0.5, 4, 40))
    samples = speech_like(4000)
    plain = MfccFrontend(OURS).push(samples)
    normalised = MfccFrontend(replace(OURS, mean=mean, std=std)).push(samples)
    np.testing.assert_allclose(normalised, (plain - mean) / np.array(std), atol=1e-4)


@pytest.mark.parametrize("spec", [OURS, SLANEY_DB, LOG_MEL])
def test_level_is_the_mean_log_power_of_the_bands(spec: FrontendSpec) -> None:
    """The level is recovered from the features alone, normalised or not."""
    samples = speech_like(4000)
    bands = MfccFrontend(replace(spec, n_mfcc=0, log="natural")).push(samples)
    n = spec.n_features
    spec = replace(spec, mean=tuple(np.arange(n) * 0.1), std=tuple(1 + np.arange(n) * 0.1))
    weights, bias = level_projection(spec)
    level = MfccFrontend(spec).push(samples) @ weights + bias
    np.testing.assert_allclose(level, bands.mean(axis=1), atol=2e-3)


def test_dct_is_orthonormal() -> None:
    """All coefficients together keep the energy of the bands."""
    matrix = dct_matrix(40, 40)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(40), atol=1e-12)


@pytest.mark.parametrize("spec", [OURS, SEEDS, SLANEY_DB])
def test_mel_filters_are_librosas(spec: FrontendSpec) -> None:
    """The filter bank is librosa.filters.mel."""
    theirs = librosa.filters.mel(
        sr=spec.sample_rate_hz, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=spec.f_min_hz,
        fmax=spec.f_max_hz, htk=spec.mel_scale == "htk",
        norm=None if spec.mel_norm == "none" else spec.mel_norm, dtype=np.float64,
    )  # fmt: skip
    np.testing.assert_allclose(mel_filters(spec), theirs, atol=1e-9)
