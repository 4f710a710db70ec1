"""What a training hears: the clips of an epoch, and the validation clips."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from edge_daemon.types import SILENCE, UNKNOWN
from training.augment import Augment, Windows, quiet_filler
from training.data import Split
from training.settings import Settings

Clips: TypeAlias = tuple[Tensor, Tensor]
"""Log-mel [shape=(n, n_frames, n_mels)] and classes [shape=(n,)]."""


class EpochSampler:
    """Puts together the clips of one epoch: so many of each class, in random order."""

    def __init__(self, settings: Settings, data: Split) -> None:
        self._s = settings
        self._x = torch.from_numpy(data.x)
        self._y = torch.from_numpy(data.y)
        self._is_recording = torch.from_numpy(data.is_recording)
        self._quiet = torch.from_numpy(data.quiet)
        self._speech = Windows(data.speech, settings.n_frames) if data.speech else None
        self._unknown = settings.labels.index(UNKNOWN)
        self._silence = settings.labels.index(SILENCE)
        noise = Windows(data.noise, settings.n_frames)
        floor = settings.frontend.log_floor
        self._augment = Augment(settings.augment, noise, floor, self._unknown, self._silence)

    def calibration(self) -> Tensor:
        """Return clips [shape=(n, n_frames, n_mels)] drawn as in training, always the same."""
        torch.manual_seed(self._s.seed)
        return self.batch(self.indices()[: self._s.calibration_clips])[0]

    def indices(self) -> Tensor:
        """Return clip numbers; -1 stands for running speech, -2 for noise, -3 for a quiet room."""
        picked = [
            torch.full((self._s.clips_of_speech if self._speech else 0,), -1),
            torch.full((self._s.clips_of_silence,), -2),
            torch.full((self._s.clips_of_quiet,), -3),
        ]
        for number, label in enumerate(self._s.labels):
            mine = (self._y == number).nonzero()[:, 0]
            again = mine[self._is_recording[mine]].repeat(self._s.recording_weight - 1)
            mine = torch.cat([mine, again])
            if label in self._s.wake_words:  # few clips: each is taken several times
                mine = mine.repeat(-(-self._s.clips_per_wake_word // max(1, len(mine))))
            picked.append(mine[torch.randperm(len(mine))[: self._wanted(label)]])
        all_picked = torch.cat(picked)
        return all_picked[torch.randperm(len(all_picked))]

    def _wanted(self, label: str) -> int:
        if label in self._s.wake_words:
            return self._s.clips_per_wake_word
        return self._s.clips_of_unknown if label == UNKNOWN else self._s.clips_per_word

    def batch(self, index: Tensor) -> Clips:
        """Return augmented clips [shape=(n, n_frames, n_mels)] and classes [shape=(n,)]."""
        x = self._x[index.clamp_min(0)].float()
        y = self._y[index.clamp_min(0)].clone()
        speech, silence, quiet = index == -1, index == -2, index == -3
        if self._speech:
            x[speech] = self._speech.draw(int(speech.sum()))
        y[speech] = self._unknown
        rooms = torch.randint(len(self._x), (int(silence.sum()),))
        x[silence] = self._augment.silence(self._x[rooms].float())
        y[silence | quiet] = self._silence
        x, y = self._augment(x, y)
        picks = torch.randint(len(self._quiet), (int(quiet.sum()),))
        x[quiet] = self._quiet[picks].float()  # as it is: a louder one would not be quiet
        return x, y


def validation_set(settings: Settings, data: Split) -> Clips:
    """Return the validation clips, and as much silence as a word has clips: noises and rooms."""
    clips = torch.from_numpy(data.x).float()
    noise = Windows(data.noise, settings.n_frames)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        noises = noise.draw(200) + (torch.rand(200) * 6 - 5)[:, None, None]
        rooms = quiet_filler(clips[torch.randint(len(clips), (200,))])
    quiet = torch.from_numpy(data.quiet[:200]).float()
    x = torch.cat([clips, noises, rooms, quiet])
    x = x.clamp_min(float(np.log(settings.frontend.log_floor)))
    silent = torch.full((600,), settings.labels.index(SILENCE))
    return x, torch.cat([torch.from_numpy(data.y), silent])
