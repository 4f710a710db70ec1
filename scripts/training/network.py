"""Which network a model is, and what stands before and beside it in training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from edge_daemon.frontend import dct_matrix
from training.causal import CausalTcResNet
from training.resnet2d import ResNet2d
from training.tcresnet import TcResNet, TcShape


@dataclass(frozen=True)
class NetworkSettings(TcShape):
    """Which network, and its size; ``2d`` uses the channels and the dropout alone."""

    kind: Literal["tc", "causal", "2d"] = "tc"
    dropout: float = 0.2


def build(settings: NetworkSettings, n_features: int, n_labels: int) -> nn.Module:
    """Return the network of these settings, with random weights."""
    if settings.kind == "2d":
        return ResNet2d(settings.channels, settings.dropout, n_labels)
    kind = CausalTcResNet if settings.kind == "causal" else TcResNet
    return kind(settings, settings.dropout, n_features, n_labels)


class Cepstrum(nn.Module):
    """Log-mel to normalised features, the last step of the front end, for training.

    n_mfcc : coefficients, or 0 for the log-mel bands themselves
    sample : log-mel clips [shape=(n, n_frames, n_mels)] for mean and standard deviation
    """

    matrix: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, n_mfcc: int, n_mels: int, sample: Tensor) -> None:
        super().__init__()
        matrix = dct_matrix(n_mfcc, n_mels).T if n_mfcc else np.eye(n_mels)
        self.register_buffer("matrix", torch.from_numpy(matrix.copy()).float())
        mfcc = sample.float() @ self.matrix
        self.register_buffer("mean", mfcc.mean((0, 1)))
        self.register_buffer("std", mfcc.std((0, 1)))

    def forward(self, log_mel: Tensor) -> Tensor:
        """[shape=(n, n_frames, n_mels)] -> [shape=(n, n_frames, n_features)]."""
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
