"""TC-ResNet: a residual network of convolutions over time, the coefficients being its channels.

Source: S. Choi et al., "Temporal convolution for real-time keyword spotting on mobile devices"
(2019), arXiv 1904.03814.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from edge_daemon.frontend import dct_matrix


@dataclass(frozen=True)
class NetworkSettings:
    """The size of the network."""

    channels: tuple[int, ...] = (32, 48, 64, 96)
    kernel: int = 9
    first_kernel: int = 3
    dropout: float = 0.2


class ResidualBlock(nn.Module):
    """Two convolutions of which the first halves the rate, beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, 2, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
            nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
        )
        self.shortcut = nn.Sequential(
            nn.Conv1d(inputs, outputs, 1, 2, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()
        )
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """[shape=(n, inputs, t)] -> [shape=(n, outputs, ceil(t / 2))]."""
        out: Tensor = self.activation(self.body(x) + self.shortcut(x))
        return out


class TcResNet(nn.Module):
    """Scores clips of normalised MFCC.

    Input [shape=(n, n_frames, n_mfcc), dtype=float32]; output logits [shape=(n, n_labels)].
    """

    def __init__(self, settings: NetworkSettings, n_mfcc: int, n_labels: int) -> None:
        super().__init__()
        c = settings.channels
        self.first = nn.Sequential(
            nn.Conv1d(n_mfcc, c[0], settings.first_kernel, 1, settings.first_kernel // 2,
                      bias=False),
            nn.BatchNorm1d(c[0]),
            nn.ReLU(),
        )  # fmt: skip
        self.blocks = nn.Sequential(*(ResidualBlock(a, b, settings.kernel) for a, b in pairwise(c)))
        self.dropout = nn.Dropout(settings.dropout)
        self.classify = nn.Linear(c[-1], n_labels)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        x = self.blocks(self.first(features.transpose(1, 2)))
        out: Tensor = self.classify(self.dropout(x.mean(dim=2)))
        return out


class Cepstrum(nn.Module):
    """Log-mel to normalised MFCC, the last step of the front end, for training."""

    matrix: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, n_mfcc: int, n_mels: int, sample: Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.from_numpy(dct_matrix(n_mfcc, n_mels).T).float())
        mfcc = sample.float() @ self.matrix
        self.register_buffer("mean", mfcc.mean((0, 1)))
        self.register_buffer("std", mfcc.std((0, 1)))

    def forward(self, log_mel: Tensor) -> Tensor:
        """[shape=(n, n_frames, n_mels)] -> [shape=(n, n_frames, n_mfcc)]."""
        out: Tensor = (log_mel @ self.matrix - self.mean) / self.std
        return out

    def normalisation(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return (mean, std) as a model's metadata holds them."""
        as_tuple = [tuple(float(np.float32(v)) for v in t) for t in (self.mean, self.std)]
        return as_tuple[0], as_tuple[1]


class Averaged(nn.Module):
    """Keeps an exponential moving average of a network's weights; it is what is exported."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self._decay = decay
        self.shadow = {k: v.detach().clone() for k, v in network.state_dict().items()}

    def update(self, network: nn.Module) -> None:
        """Move the average a little towards the network."""
        for k, v in network.state_dict().items():
            if v.dtype.is_floating_point:
                self.shadow[k].lerp_(v.detach(), 1.0 - self._decay)
            else:
                self.shadow[k].copy_(v)
