"""TC-ResNet: a residual network of convolutions over time, the coefficients being its channels.

Source: S. Choi et al., "Temporal convolution for real-time keyword spotting on mobile devices"
(2019), arXiv 1904.03814.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn


@dataclass(frozen=True)
class TcShape:
    """The size of a network of convolutions over time."""

    channels: tuple[int, ...] = (32, 48, 64, 96)
    """Of the first convolution and of each block."""
    first_kernel: int = 3
    first_stride: int = 1
    kernels: tuple[int, ...] = (9, 9, 9)
    """Of each block."""
    strides: tuple[int, ...] = (2, 2, 2)
    """Of each block."""

    def blocks(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield (inputs, outputs, kernel, stride) of each block."""
        pairs = pairwise(self.channels)
        for (a, b), kernel, stride in zip(pairs, self.kernels, self.strides, strict=True):
            yield a, b, kernel, stride


class ResidualBlock(nn.Module):
    """Two convolutions, the first of which lowers the rate, beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
            nn.ReLU(),
            nn.Conv1d(outputs, outputs, kernel, 1, kernel // 2, bias=False),
            nn.BatchNorm1d(outputs),
        )
        self.shortcut = nn.Sequential(
            nn.Conv1d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()
        )
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """[shape=(n, inputs, t)] -> [shape=(n, outputs, ceil(t / stride))]."""
        out: Tensor = self.activation(self.body(x) + self.shortcut(x))
        return out


class TcResNet(nn.Module):
    """Scores clips of normalised MFCC.

    Input [shape=(n, n_frames, n_mfcc), dtype=float32]; output logits [shape=(n, n_labels)].
    """

    def __init__(self, shape: TcShape, dropout: float, n_mfcc: int, n_labels: int) -> None:
        super().__init__()
        c, kernel, stride = shape.channels, shape.first_kernel, shape.first_stride
        self.first = nn.Sequential(
            nn.Conv1d(n_mfcc, c[0], kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm1d(c[0]),
            nn.ReLU(),
        )
        self.blocks = nn.Sequential(*(ResidualBlock(*sizes) for sizes in shape.blocks()))
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(c[-1], n_labels)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        x = self.blocks(self.first(features.transpose(1, 2)))
        out: Tensor = self.classify(self.dropout(x.mean(dim=2)))
        return out
