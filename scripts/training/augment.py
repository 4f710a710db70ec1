"""Augmentation of log-mel clips, a batch at a time, in torch.

Powers add, so noise is mixed in with logaddexp; filters (rooms, microphones) multiply, so they
are additions here. One unit is a neper of power, 4.34 dB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.data import LogMel

DB_PER_UNIT = 10.0 / np.log(10.0)


@dataclass(frozen=True)
class AugmentSettings:
    """How strongly, and how often, each change is made; ``p_`` is a probability a clip."""

    max_shift_frames: int = 15
    p_far_shift: float = 0.15
    min_kept: float = 0.45
    """Share of a word that must be left in the window; with less of it the clip is ``unknown``."""
    p_context: float = 0.35
    gain_db: tuple[float, float] = (-14.0, 8.0)
    p_warp: float = 0.6
    stretch: tuple[float, float] = (0.85, 1.15)
    """How much slower a clip is made."""
    vocal_tract: tuple[float, float] = (0.9, 1.12)
    """How much higher its formants are made, as by a shorter vocal tract."""
    colour_db: float = 4.0
    p_room: float = 0.25
    p_noise: float = 0.55
    snr_db: tuple[float, float] = (0.0, 28.0)
    p_hiss: float = 0.3
    time_masks: int = 1
    max_time_mask: int = 14
    freq_masks: int = 1
    max_freq_mask: int = 5


class Windows:
    """Draws random windows of ``n_frames`` from long recordings."""

    def __init__(self, recordings: list[LogMel], n_frames: int) -> None:
        long_enough = [r for r in recordings if len(r) >= n_frames]
        self._frames = torch.from_numpy(np.concatenate(long_enough))
        starts = []
        offset = 0
        for recording in long_enough:
            starts.append(np.arange(offset, offset + len(recording) - n_frames + 1))
            offset += len(recording)
        self._starts = torch.from_numpy(np.concatenate(starts))
        self._span = torch.arange(n_frames)

    def draw(self, n: int) -> Tensor:
        """Return [shape=(n, n_frames, n_mels), dtype=float32]."""
        first = self._starts[torch.randint(len(self._starts), (n,))]
        return self._frames[first[:, None] + self._span].float()


def _chance(p: float, n: int) -> Tensor:
    return torch.rand(n) < p


def _uniform(low: float, high: float, n: int) -> Tensor:
    return low + (high - low) * torch.rand(n)


def active_frames(x: Tensor) -> Tensor:
    """Mark the frames of the word: louder than half-way between the quiet and the loud ones."""
    level = x.mean(dim=2)
    quiet = level.quantile(0.1, dim=1, keepdim=True)
    loud = level.quantile(0.95, dim=1, keepdim=True)
    return level > quiet + 0.5 * (loud - quiet)


def shift(x: Tensor, frames: Tensor, filler: Tensor) -> Tensor:
    """Move each clip later by ``frames`` (earlier when negative); ``filler`` shows at the edge."""
    n, n_frames, n_mels = x.shape
    source = torch.arange(n_frames)[None, :] - frames[:, None]
    inside = (source >= 0) & (source < n_frames)
    index = source.clamp(0, n_frames - 1)[:, :, None].expand(n, n_frames, n_mels)
    return torch.where(inside[:, :, None], x.gather(1, index), filler)


def kept_share(active: Tensor, frames: Tensor) -> Tensor:
    """Return the share of the word [shape=(n,)] that a shift by ``frames`` leaves in the clip."""
    n_frames = active.shape[1]
    position = torch.arange(n_frames)[None, :] + frames[:, None]
    inside = (position >= 0) & (position < n_frames)
    return (active & inside).sum(1) / active.sum(1).clamp(1)


def quiet_filler(x: Tensor) -> Tensor:
    """Return each clip's own background, drawn from its quietest fifth of frames, shuffled."""
    n, n_frames, n_mels = x.shape
    order = x.mean(dim=2).argsort(dim=1)[:, : n_frames // 5]
    picks = order.gather(1, torch.randint(order.shape[1], (n, n_frames)))
    return x.gather(1, picks[:, :, None].expand(n, n_frames, n_mels))


def warped(x: Tensor, slower: Tensor, higher: Tensor) -> Tensor:
    """Stretch each clip in time, and its bands upwards, by factors [shape=(n,)].

    Source of the latter: N. Jaitly and G. Hinton, "Vocal tract length perturbation (VTLP) improves
    speech recognition" (2013), here with one factor for all bands.
    """
    n, n_frames, n_mels = x.shape
    t = torch.linspace(-1, 1, n_frames) / slower[:, None]
    f = (torch.linspace(0, 2, n_mels) / higher[:, None] - 1).clamp_max(1)
    grid = torch.stack(
        [f[:, None, :].expand(n, n_frames, n_mels), t[:, :, None].expand(n, n_frames, n_mels)],
        dim=3,
    )
    moved = functional.grid_sample(x[:, None], grid, padding_mode="border", align_corners=True)
    inside = (t.abs() <= 1)[:, :, None]
    return torch.where(inside, moved[:, 0], quiet_filler(x))


class Augment:
    """Changes a batch of clips as rooms, microphones, neighbours and noise would.

    Parameters
    ----------
    settings : AugmentSettings
    noise : Windows
        What is mixed in.
    log_floor : float
        Smallest mel power of the front end.
    unknown, silence : int
        Class numbers; a word that is shifted out of the window becomes ``unknown``.
    """

    def __init__(
        self, settings: AugmentSettings, noise: Windows, log_floor: float, unknown: int,
        silence: int,
    ) -> None:  # fmt: skip
        self._s = settings
        self._noise = noise
        self._floor = float(np.log(log_floor))
        self._unknown = unknown
        self._silence = silence

    def __call__(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the changed clips and their (sometimes changed) classes."""
        x = self._another_speaker(x)
        x, y = self._shifted(x, y)
        x = self._in_a_room(x)
        x = x + self._gain_and_colour(x)
        x = self._with_noise(x, y)
        return self._masked(x.clamp_min(self._floor)), y

    def _another_speaker(self, x: Tensor) -> Tensor:
        """Make some clips slower or faster, and their speakers smaller or larger."""
        n = len(x)
        chosen = _chance(self._s.p_warp, n)
        slower = torch.where(chosen, _uniform(*self._s.stretch, n), torch.ones(n))
        higher = torch.where(chosen, _uniform(*self._s.vocal_tract, n), torch.ones(n))
        return warped(x, slower, higher)

    def _shifted(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Move clips in time, sometimes next to another clip's word, sometimes half out."""
        n, n_frames, _ = x.shape
        near = torch.randint(-self._s.max_shift_frames, self._s.max_shift_frames + 1, (n,))
        far_by = torch.randint(n_frames // 3, n_frames * 3 // 4, (n,))
        far = far_by * torch.randint(0, 2, (n,)).mul(2).sub(1)
        active = active_frames(x)
        # with less of the word than that left, the clip would be nearer to silence than to speech
        far = torch.where(kept_share(active, far) < 0.25, near, far)
        frames = torch.where(_chance(self._s.p_far_shift, n), far, near)
        kept = kept_share(active, frames)
        filler = quiet_filler(x)
        neighbour = torch.roll(x, 1, dims=0)
        beside = shift(neighbour, frames - n_frames * frames.sign(), filler)
        filler = torch.where(_chance(self._s.p_context, n)[:, None, None], beside, filler)
        is_word = (y != self._unknown) & (y != self._silence)
        enough = kept >= self._s.min_kept
        y = torch.where(is_word & ~enough, torch.full_like(y, self._unknown), y)
        whole = is_word & enough & (kept < 0.9)
        frames = torch.where(whole | (y == self._silence), torch.zeros_like(frames), frames)
        return shift(x, frames, filler), y

    def _gain_and_colour(self, x: Tensor) -> Tensor:
        """Return a gain a clip and a smooth curve over the bands, in nepers of power."""
        n, _, n_mels = x.shape
        gain = _uniform(*self._s.gain_db, n) / DB_PER_UNIT
        ripples = torch.arange(1, 5)[:, None] * torch.linspace(0, np.pi, n_mels)[None, :]
        weights = torch.randn(n, 4) / torch.arange(1, 5) * (self._s.colour_db / DB_PER_UNIT)
        curve: Tensor = gain[:, None, None] + (weights @ torch.cos(ripples))[:, None, :]
        return curve

    def _in_a_room(self, x: Tensor) -> Tensor:
        """Smear the power with an exponential decay of 100 to 600 ms to -60 dB."""
        chosen = _chance(self._s.p_room, len(x)).nonzero()[:, 0]
        if len(chosen) == 0:
            return x
        taps = 24
        per_frame = np.log(1e6) / _uniform(10.0, 60.0, len(chosen))
        tail = torch.exp(-per_frame[:, None] * torch.arange(taps)) * _uniform(
            0.05, 0.5, len(chosen)
        ).unsqueeze(1)
        tail[:, 0] = 1.0
        power = functional.pad(x[chosen].exp(), (0, 0, taps - 1, 0))
        kernel = tail.flip(1)[:, :, None]
        smeared = (power.unfold(1, taps, 1).transpose(2, 3) * kernel[:, None]).sum(2)
        x = x.clone()
        x[chosen] = smeared.clamp_min(1e-12).log()
        return x

    def _with_noise(self, x: Tensor, y: Tensor) -> Tensor:
        n = len(x)
        noise = self._noise.draw(n)
        loud = x.exp().mean(2).quantile(0.9, dim=1).clamp_min(1e-9).log()
        noise_level = noise.exp().mean((1, 2)).clamp_min(1e-9).log()
        snr = _uniform(*self._s.snr_db, n) / DB_PER_UNIT
        noise = noise + (loud - noise_level - snr)[:, None, None]
        chosen = _chance(self._s.p_noise, n) & (y != self._silence)
        x = torch.where(chosen[:, None, None], torch.logaddexp(x, noise), x)
        hiss = self._hiss(x) + (loud - _uniform(1.0, 8.0, n))[:, None, None]
        chosen = _chance(self._s.p_hiss, n) & (y != self._silence)
        return torch.where(chosen[:, None, None], torch.logaddexp(x, hiss), x)

    def _hiss(self, x: Tensor) -> Tensor:
        """Make stationary noise with a random slope, fluctuating as a periodogram does."""
        n, n_frames, n_mels = x.shape
        slope = _uniform(-2.0, 2.0, n)[:, None, None] * torch.linspace(-1, 1, n_mels)
        fluctuation = 0.5 * torch.randn(n, n_frames, n_mels) - 0.15
        return slope + fluctuation

    def silence(self, rooms: Tensor) -> Tensor:
        """Make clips without speech: noises at all levels, hiss, quiet rooms, nothing.

        rooms : as many clips [shape=(n, n_frames, n_mels)] whose own background is a room
        """
        n = len(rooms)
        noise = self._noise.draw(n)
        level = noise.exp().mean((1, 2)).clamp_min(1e-9).log()
        target = _uniform(self._floor - 1.0, 3.5, n)
        levelled = noise + (target - level)[:, None, None]
        noise = torch.where(_chance(0.5, n)[:, None, None], noise, levelled)
        hiss = self._hiss(noise) + _uniform(self._floor - 2.0, 0.0, n)[:, None, None]
        noise = torch.where(_chance(0.2, n)[:, None, None], hiss, torch.logaddexp(noise, hiss))
        noise = torch.where(_chance(0.4, n)[:, None, None], quiet_filler(rooms), noise)
        return noise.clamp_min(self._floor)

    def _masked(self, x: Tensor) -> Tensor:
        """SpecAugment: fill a few frames and bands with the clip's mean."""
        n, n_frames, n_mels = x.shape
        hidden = torch.zeros(n, n_frames, n_mels, dtype=torch.bool)
        for _ in range(self._s.time_masks):
            hidden |= _band(n, n_frames, self._s.max_time_mask)[:, :, None]
        for _ in range(self._s.freq_masks):
            hidden |= _band(n, n_mels, self._s.max_freq_mask)[:, None, :]
        return torch.where(hidden, x.mean((1, 2), keepdim=True), x)


def _band(n: int, size: int, widest: int) -> Tensor:
    width = torch.randint(0, widest + 1, (n, 1))
    first = (torch.rand(n, 1) * (size - width)).long()
    position = torch.arange(size)[None, :]
    return (position >= first) & (position < first + width)
