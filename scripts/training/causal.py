"""A causal TC-ResNet: the same weights score a whole clip at once or a stream chunk by chunk.

Every convolution sees only the past. Its left padding of ``kernel - stride`` zeros on a whole
clip is what the stream carries as state, so that the stream computes new frames only and gives
the same logits as the whole clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import torch
from torch import Tensor, nn

from training.tcresnet import TcShape

States = list[Tensor]

POOLED_FRAMES = 98
"""Span of the mean before the classifier."""


class CausalConv(nn.Module):
    """Convolution, batch norm and, if wanted, ReLU; the last inputs are the state."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, relu: bool) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, stride, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.relu = nn.ReLU() if relu else nn.Identity()
        self.n_state = kernel - stride
        self.inputs = inputs
        if self.n_state < 0:
            raise ValueError(f"stride {stride} is longer than kernel {kernel}")

    def initial(self, n: int) -> Tensor:
        """Return zeros [shape=(n, inputs, kernel - stride)]."""
        return torch.zeros(n, self.inputs, self.n_state)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """[shape=(n, inputs, t)] -> [shape=(n, outputs, t // stride)], and the next state."""
        x = torch.cat([state, x], dim=2)
        return self.relu(self.norm(self.conv(x))), x[:, :, x.shape[2] - self.n_state :]


class CausalBlock(nn.Module):
    """Two causal convolutions of which the first lowers the rate, beside a shortcut."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.a = CausalConv(inputs, outputs, kernel, stride, relu=True)
        self.b = CausalConv(outputs, outputs, kernel, 1, relu=False)
        self.shortcut = nn.Sequential(
            nn.Conv1d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm1d(outputs), nn.ReLU()
        )
        self.activation = nn.ReLU()

    def forward(self, x: Tensor, states: Iterator[Tensor], following: States) -> Tensor:
        """[shape=(n, inputs, t)] -> [shape=(n, outputs, t // stride)]."""
        body, state = self.a(x, next(states))
        following.append(state)
        body, state = self.b(body, next(states))
        following.append(state)
        out: Tensor = self.activation(body + self.shortcut(x))
        return out


class CausalTcResNet(nn.Module):
    """Scores clips, or the chunks of a stream, of normalised MFCC.

    Input [shape=(n, n_frames, n_mfcc), dtype=float32]; output logits [shape=(n, n_labels)].
    ``chunk`` is the product of the strides. A clip that is no whole number of chunks counts as
    preceded by zero frames.
    """

    def __init__(self, shape: TcShape, dropout: float, n_mfcc: int, n_labels: int) -> None:
        super().__init__()
        c, first = shape.channels, shape.first_stride
        self.chunk = first * prod(shape.strides)
        self.pool = round(POOLED_FRAMES / self.chunk)
        self.first = CausalConv(n_mfcc, c[0], shape.first_kernel, first, relu=True)
        self.blocks = nn.ModuleList(CausalBlock(*sizes) for sizes in shape.blocks())
        self.dropout = nn.Dropout(dropout)
        self.classify = nn.Linear(c[-1], n_labels)

    def initial_states(self, n: int = 1) -> States:
        """Return the zeros that a stream starts from: one state a convolution, one the pool."""
        convs = [self.first, *(conv for block in self.blocks for conv in (block.a, block.b))]
        device = self.classify.weight.device
        pool = torch.zeros(n, self.classify.in_features, self.pool - 1)
        return [s.to(device) for s in (*(conv.initial(n) for conv in convs), pool)]

    def step(self, features: Tensor, states: States) -> tuple[Tensor, States]:
        """Take a whole number of chunks; return the logits at their end and the next states."""
        taken, following = iter(states), []
        x, state = self.first(features.transpose(1, 2), next(taken))
        following.append(state)
        for block in self.blocks:
            x = block(x, taken, following)
        x = torch.cat([next(taken), x], dim=2)
        following.append(x[:, :, x.shape[2] - (self.pool - 1) :])
        logits = self.classify(self.dropout(x[:, :, -self.pool :].mean(dim=2)))
        return logits, following

    def whole_chunks(self, features: Tensor) -> Tensor:
        """Put zero frames before the clip up to a whole number of chunks."""
        missing = -features.shape[1] % self.chunk
        return nn.functional.pad(features, (0, 0, missing, 0))

    def forward(self, features: Tensor) -> Tensor:
        """Return the logits at the end of whole clips, each preceded by nothing."""
        logits, _ = self.step(self.whole_chunks(features), self.initial_states(len(features)))
        return logits
