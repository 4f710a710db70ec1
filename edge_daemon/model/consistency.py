"""What a model says of itself, held to what is possible, and to each other."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from edge_daemon.config import ANY_WORD
from edge_daemon.mel import hz_to_mel, mel_to_hz
from edge_daemon.types import FrontendSpec, ModelSpec

_MOST_LABELS = 1000
_LONGEST_LABEL = 100
_LONGEST_TEXTS = {"name": 100, "version": 100, "licence": 1000, "training_data": 10_000}
_BOUNDS = {
    "n_frames": (1, 10_000),
    "hop_ms": (10, 1000),
    "smooth_ms": (0, 2000),
    "sample_rate_hz": (4000, 384_000),
    "win_length": (1, 16_384),
    "hop_length": (8, 16_384),
    "n_fft": (2, 16_384),
    "n_mels": (1, 512),
    "log_floor": (2.0**-126, 2.0**127),  # normal numbers of float32
    "mean": (-1e6, 1e6),
    "std": (1e-6, 1e6),
}


def inconsistencies(spec: ModelSpec) -> list[str]:
    """Say what cannot be; how sizes relate only once each is possible by itself."""
    alone = [*_outside_bounds(spec), *_text_problems(spec), *_label_problems(spec)]
    return alone or _relation_problems(spec)


def _text_problems(spec: ModelSpec) -> list[str]:
    """Look at what is logged and shown as it is."""
    return [
        f"{name}: more than {longest} characters, or some that are not text"
        for name, longest in _LONGEST_TEXTS.items()
        for text in (getattr(spec, name),)
        if len(text) > longest or not text.isprintable()
    ]


def _outside_bounds(spec: ModelSpec) -> list[str]:
    values = {**dataclasses.asdict(spec), **dataclasses.asdict(spec.frontend)}
    return [
        f"{name}: {value}, outside {low:g} to {high:g}"
        for name, (low, high) in _BOUNDS.items()
        for value in (values[name] if isinstance(values[name], tuple) else (values[name],))
        if not low <= value <= high
    ]


def _label_problems(spec: ModelSpec) -> list[str]:
    twice = [label for label, n in Counter(spec.labels).items() if n > 1]
    strangers = [word for word in spec.wake_words if word not in spec.words]
    odd = [x for x in spec.labels if not _may_be_a_word(x)]
    rules = {
        f"labels: {len(spec.labels)}, more than {_MOST_LABELS}": len(spec.labels) > _MOST_LABELS,
        "labels: at least two are needed, one of them a word": len(spec.labels) < 2
        or not spec.words,
        f"labels: {', '.join(twice)} stands twice": bool(twice),
        f"labels: {odd} cannot be the names of words": bool(odd),
        f"wake_words: no such word: {', '.join(strangers)}": bool(strangers),
    }
    return [
        *(text for text, broken in rules.items() if broken),
        *_threshold_problems("thresholds", spec.thresholds, spec),
        *_threshold_problems("thresholds_after", spec.thresholds_after, spec),
    ]


def _may_be_a_word(label: str) -> bool:
    return bool(
        label.strip() and label.isprintable() and len(label) <= _LONGEST_LABEL and label != ANY_WORD
    )


def _threshold_problems(name: str, thresholds: dict[str, float], spec: ModelSpec) -> list[str]:
    strangers = sorted(set(thresholds) - set(spec.labels))
    rules = {
        f"{name}: no such label: {', '.join(strangers)}": bool(strangers),
        f"{name}: outside 0 to 1": any(not 0 < t <= 1 for t in thresholds.values()),
    }
    return [text for text, broken in rules.items() if broken]


def _relation_problems(spec: ModelSpec) -> list[str]:
    frontend = spec.frontend
    lengths = {len(frontend.mean), len(frontend.std)} - {0, frontend.n_features}
    rules = {
        "n_fft: must be even": frontend.n_fft % 2 == 1,
        "win_length: longer than n_fft": frontend.win_length > frontend.n_fft,
        "hop_length: longer than win_length": frontend.hop_length > frontend.win_length,
        "n_mfcc: outside 0 to n_mels": not 0 <= frontend.n_mfcc <= frontend.n_mels,
        "f_max_hz: outside f_min_hz to half the sample rate": not (
            0 <= frontend.f_min_hz < frontend.f_max_hz <= frontend.sample_rate_hz / 2
        ),
        f"mean, std: {frontend.n_features} values each, or none": bool(lengths),
    }
    problems = [f"frontend.{text}" for text, broken in rules.items() if broken]
    return problems or _mel_problems(frontend)


def _mel_problems(frontend: FrontendSpec) -> list[str]:
    """Say when the lowest mel band, the narrowest, may fall between two bins of the FFT."""
    band_hz, bin_hz = _lowest_band_hz(frontend), frontend.sample_rate_hz / frontend.n_fft
    if band_hz > bin_hz:
        return []
    return [
        f"frontend.n_mels: the lowest band, {band_hz:.1f} Hz, is no wider than a bin of the FFT, "
        f"{bin_hz:.1f} Hz; fewer bands or a larger n_fft are needed"
    ]


def _lowest_band_hz(frontend: FrontendSpec) -> float:
    """Return the width of the lowest mel filter, from its lower to its upper edge."""
    ends_hz = np.array([frontend.f_min_hz, frontend.f_max_hz])
    low, high = hz_to_mel(ends_hz, frontend.mel_scale)
    width = 2.0 * (high - low) / (frontend.n_mels + 1)
    if frontend.mel_scale == "htk":
        return float(mel_to_hz(low + width, "htk") - frontend.f_min_hz)
    # on the slaney scale the width where the band begins, which is at most its own
    return float(width * max(200.0 / 3.0, frontend.f_min_hz * np.log(6.4) / 27.0))
