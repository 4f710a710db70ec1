"""A residual network of 3x3 convolutions over time and mel bands, in the manner of ResNet.

Sources: K. He et al., "Deep residual learning for image recognition" (2015), arXiv 1512.03385;
for keywords R. Tang and J. Lin (2017), arXiv 1710.10361.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


class Block2d(nn.Module):
    """Two 3x3 convolutions beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """[shape=(n, inputs, t, f)] -> [shape=(n, outputs, ceil(t / stride), ceil(f / stride))]."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ResNet2d(nn.Module):
    """Scores clips of normalised log-mel frames.

    Input [shape=(n, n_frames, n_mels), dtype=float32]; output logits [shape=(n, n_labels)].
    The first convolution and each stage after it halve time and frequency.
    """

    def __init__(self, channels: Sequence[int], dropout: float, n_labels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(1, channels[0], 5, 2, 2, bias=False), nn.BatchNorm2d(channels[0]), nn.ReLU()
        )
        stages = [
            block
            for inputs, outputs in pairwise(channels)
            for block in (Block2d(inputs, outputs, 2), Block2d(outputs, outputs, 1))
        ]
        self.blocks = nn.Sequential(*stages)
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(channels[-1], n_labels)

    def forward(self, features: Tensor) -> Tensor:
        """Return logits."""
        x = features[:, None].contiguous(memory_format=torch.channels_last)
        x = self.blocks(self.first(x)).mean(dim=(2, 3))
        out: Tensor = self.classify(self.dropout(x))
        return out
