"""A network in training: what is scored, and what is moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.network import Averaged, Cepstrum, build
from training.settings import Settings

CHECKPOINT = "checkpoint.pt"


class Listener(nn.Module):
    """Front end's last step and network: log-mel clips in, logits out."""

    def __init__(self, cepstrum: Cepstrum, network: nn.Module, bfloat16: bool) -> None:
        super().__init__()
        self.cepstrum = cepstrum
        self.network = network
        self._bfloat16 = bfloat16

    def forward(self, log_mel: Tensor) -> Tensor:
        """[shape=(n, n_frames, n_mels)] -> [shape=(n, n_labels), dtype=float32]."""
        device = next(self.network.parameters()).device
        features = self.cepstrum(log_mel.to(device))
        with torch.autocast(device.type, torch.bfloat16, enabled=self._bfloat16):
            logits: Tensor = self.network(features)
        return logits.float()


def trained(settings: Settings, folder: Path) -> Listener:
    """Return a trained model, with its averaged weights, from its checkpoint."""
    state = torch.load(folder / settings.name / CHECKPOINT, weights_only=True)
    network = build(settings.network, settings.frontend.n_features, len(settings.labels))
    network.load_state_dict(state["average"])
    n_mfcc, n_mels = settings.frontend.n_mfcc, settings.frontend.n_mels
    cepstrum = Cepstrum(n_mfcc, n_mels, torch.zeros(2, 1, n_mels))
    cepstrum.load_state_dict(state["cepstrum"])
    return Listener(cepstrum, network, settings.bfloat16).eval().requires_grad_(False)


class Student:
    """A network with its optimizer, schedule and averaged weights.

    Parameters
    ----------
    settings : Settings
    sample : Tensor
        Log-mel clips [shape=(n, n_frames, n_mels)] that the normalisation is measured on.
    steps : int
        Batches of the whole training.
    device : torch.device
    """

    def __init__(
        self, settings: Settings, sample: Tensor, steps: int, device: torch.device
    ) -> None:
        self.settings = settings
        cepstrum = Cepstrum(settings.frontend.n_mfcc, settings.frontend.n_mels, sample)
        network = build(settings.network, settings.frontend.n_features, len(settings.labels))
        self._listener = Listener(cepstrum, network, settings.bfloat16).to(device)
        self._average = Averaged(network, settings.average_decay)
        self._optimizer = torch.optim.AdamW(
            network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, settings.learning_rate, total_steps=steps + 1, pct_start=0.15
        )
        self._hard = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)

    def start_from(self, state: dict[str, Any]) -> None:
        """Take the averaged weights and the normalisation of a trained model's checkpoint."""
        self._listener.network.load_state_dict(state["average"])
        self._listener.cepstrum.load_state_dict(state["cepstrum"])
        self._average.shadow = {k: v.clone() for k, v in state["average"].items()}

    def learn(self, x: Tensor, y: Tensor, taught: Tensor | None) -> float:
        """Take one step and return the loss.

        Parameters
        ----------
        x : Tensor [shape=(n, n_frames, n_mels)]
        y : Tensor [shape=(n,), dtype=int64]
        taught : Tensor [shape=(n, n_labels)], optional
            The teachers' logits of the same clips.
        """
        loss = self._loss(self._listener.train()(x), y, taught)
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        self._schedule.step()
        self._average.update(self._listener.network)
        return float(loss.item())

    def _loss(self, logits: Tensor, y: Tensor, taught: Tensor | None) -> Tensor:
        """Cross entropy, and the distance to the teachers' softened scores.

        Source: G. Hinton et al., "Distilling the knowledge in a neural network" (2015),
        arXiv 1503.02531.
        """
        hard: Tensor = self._hard(logits, y)
        if taught is None:
            return hard
        t, weight = self.settings.temperature, self.settings.teacher_weight
        soft = functional.kl_div(
            functional.log_softmax(logits / t, dim=1), functional.log_softmax(taught / t, dim=1),
            reduction="batchmean", log_target=True,
        )  # fmt: skip
        return (1.0 - weight) * hard + weight * t * t * soft

    def averaged(self) -> Listener:
        """Return the model with the averaged weights, ready for use."""
        settings = self.settings
        network = build(settings.network, settings.frontend.n_features, len(settings.labels))
        network.load_state_dict(self._average.shadow)
        device = next(self._listener.network.parameters()).device
        return Listener(self._listener.cepstrum, network.to(device), settings.bfloat16).eval()

    def state_dict(self) -> dict[str, Any]:
        """Return everything that changes."""
        return {
            "network": self._listener.network.state_dict(),
            "cepstrum": self._listener.cepstrum.state_dict(), "average": self._average.shadow,
            "optimizer": self._optimizer.state_dict(), "schedule": self._schedule.state_dict(),
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up where `state_dict` was made."""
        self._listener.network.load_state_dict(state["network"])
        self._listener.cepstrum.load_state_dict(state["cepstrum"])
        self._average.shadow = state["average"]
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
