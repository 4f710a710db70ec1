"""Several trained networks as one: each scores the clip, and their log scores are averaged.

Networks of different kinds make different mistakes. What one of them alone would get wrong, the
others often outvote.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.network import Cepstrum
from training.student import Listener


class Joined(nn.Module):
    """Scores clips of the first network's features.

    Each other network gets its own features of these by one linear map, which loses nothing
    where the first front end keeps as many coefficients as there are bands.

    Parameters
    ----------
    listeners : sequence of Listener
        Trained models with the same labels and the same mel bands.

    Raises
    ------
    ValueError
        When the first has fewer coefficients than bands.
    """

    def __init__(self, listeners: Sequence[Listener]) -> None:
        super().__init__()
        first = listeners[0].cepstrum
        if first.matrix.shape[0] != first.matrix.shape[1]:
            n_mels, n_mfcc = first.matrix.shape
            raise ValueError(f"the first network takes {n_mfcc} MFCC of {n_mels} bands; all needed")
        self.maps = nn.ModuleList(_map(first, other.cepstrum) for other in listeners[1:])
        self.networks = nn.ModuleList(listener.network for listener in listeners)

    def forward(self, features: Tensor) -> Tensor:
        """[shape=(n, n_frames, n_mfcc)] -> mean log scores [shape=(n, n_labels)]."""
        inputs = [features, *(each(features) for each in self.maps)]
        heard = [network(x) for network, x in zip(self.networks, inputs, strict=True)]
        return torch.stack([logits.log_softmax(1) for logits in heard]).mean(0)


def _map(first: Cepstrum, other: Cepstrum) -> nn.Linear:
    """Return the map from one model's normalised features to another's."""
    back = torch.linalg.inv(first.matrix)  # from coefficients to bands
    between = first.std[:, None] * (back @ other.matrix) / other.std
    linear = nn.Linear(*between.shape)
    with torch.no_grad():
        linear.weight.copy_(between.T)
        linear.bias.copy_((first.mean @ back @ other.matrix - other.mean) / other.std)
    return linear
